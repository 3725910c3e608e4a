#include "catalog/objects.h"

namespace helios::catalog {

const Column* Table::FindColumn(std::string_view column_name) const {
  for (const Column& column : columns) {
    if (!column.dropped && column.name == column_name) return &column;
  }
  return nullptr;
}

const Column* Table::FindColumn(int16_t number) const {
  // Numbers are given in order and never reused, so a column is at its number less one.
  if (number < 1 || static_cast<size_t>(number) > columns.size()) return nullptr;
  const Column& column = columns[number - 1];
  return column.dropped ? nullptr : &column;
}

const Constraint* Table::FindConstraint(std::string_view constraint_name) const {
  for (const Constraint& constraint : constraints) {
    if (constraint.name == constraint_name) return &constraint;
  }
  return nullptr;
}

const Constraint* Table::PrimaryKey() const {
  for (const Constraint& constraint : constraints) {
    if (constraint.kind == ConstraintKind::kPrimary) return &constraint;
  }
  return nullptr;
}

}  // namespace helios::catalog
