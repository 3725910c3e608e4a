#pragma once

#include <span>
#include <string>

#include "expr/internal/kernel.h"

namespace helios::expr {

// SQL values as json, the way to_json shows them: numbers and booleans bare, arrays and records as
// arrays and objects, everything else as a string of its text form.
class JsonWriter {
 public:
  explicit JsonWriter(EvalContext& context) : context_(context) {}

  // Names of a record's fields where its type does not tell (ROW(...), a whole table row).
  void SetFieldNames(std::span<const std::string> names) { field_names_ = names; }

  // NULL is written as null. `pretty` breaks lines between the outermost elements.
  Status Value(const Vector& value, size_t row, std::string* out, bool pretty = false);
  // A quoted object key. 22023 for arrays, records and json.
  Status Key(const Vector& value, size_t row, std::string* out);

 private:
  Status Array(std::string_view bytes, bool pretty, std::string* out);
  Status Record(std::string_view bytes, Oid type, bool pretty, std::string* out);
  Status Scalar(const Vector& value, size_t row, std::string* out);

  EvalContext& context_;
  std::span<const std::string> field_names_;
};

// Field names of argument `index` of a call, when it is a ROW(...) expression.
std::span<const std::string> FieldNamesOf(const FunctionCall& call, size_t index);

// Arrays and records get a line of their own in json_agg.
bool IsStructured(EvalContext& context, SqlType type);

}  // namespace helios::expr
