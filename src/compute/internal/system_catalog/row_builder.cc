#include "compute/internal/system_catalog/row_builder.h"

#include "types/array.h"

namespace helios::compute {

SystemRowBuilder::SystemRowBuilder(const catalog::SystemTable& table,
                                   std::span<const uint32_t> columns,
                                   std::span<const std::pair<uint32_t, Value>> equal)
    : table_(table), outputs_(table.columns.size()) {
  for (uint32_t output = 0; output < columns.size(); ++output) {
    std::vector<uint32_t>& targets = outputs_[columns[output]];
    if (!targets.empty()) copies_.emplace_back(targets[0], output);
    targets.push_back(output);
    types_.push_back(table.columns[columns[output]].type);
  }
  for (const auto& [column, value] : equal) {
    if (value.is_null() || value.physical() != PhysicalType::kInt32) continue;
    wanted_.emplace_back(column, static_cast<helios::Oid>(value.As<int32_t>()));
  }
}

bool SystemRowBuilder::Wants(std::string_view column, helios::Oid value) const {
  for (const auto& [index, wanted] : wanted_) {
    if (table_.columns[index].name == column && wanted != value) return false;
  }
  return true;
}

Vector* SystemRowBuilder::Next() {
  HELIOS_CHECK(column_ < outputs_.size());
  if (column_ == 0) {
    if (chunks_.empty() || row_ == kVectorRowsMax) {
      chunks_.emplace_back(types_);
      row_ = 0;
    }
  }
  const std::vector<uint32_t>& targets = outputs_[column_++];
  return targets.empty() ? nullptr : &chunks_.back().column(targets[0]);
}

SystemRowBuilder& SystemRowBuilder::Null() {
  if (Vector* vector = Next()) vector->SetNull(row_);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Bool(bool value) {
  if (Vector* vector = Next()) vector->Set<uint8_t>(row_, value ? 1 : 0);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Char(char value) {
  if (Vector* vector = Next()) {
    vector->SetString(row_, value == 0 ? std::string_view() : std::string_view(&value, 1));
  }
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Int2(int16_t value) {
  if (Vector* vector = Next()) vector->Set<int16_t>(row_, value);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Int4(int32_t value) {
  if (Vector* vector = Next()) vector->Set<int32_t>(row_, value);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Int8(int64_t value) {
  if (Vector* vector = Next()) vector->Set<int64_t>(row_, value);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Float4(float value) {
  if (Vector* vector = Next()) vector->Set<float>(row_, value);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Float8(double value) {
  if (Vector* vector = Next()) vector->Set<double>(row_, value);
  return *this;
}
SystemRowBuilder& SystemRowBuilder::Text(std::string_view value) {
  if (Vector* vector = Next()) vector->SetString(row_, value);
  return *this;
}

SystemRowBuilder& SystemRowBuilder::Int2Array(const std::vector<int16_t>& values) {
  ArrayBuilder builder(type_oid::kInt2);
  for (const int16_t value : values) builder.AddFixed(value);
  return Text(builder.Finish());
}
SystemRowBuilder& SystemRowBuilder::TextArray(const std::vector<std::string>& values) {
  ArrayBuilder builder(type_oid::kText);
  for (const std::string& value : values) builder.AddBytes(value);
  return Text(builder.Finish());
}
SystemRowBuilder& SystemRowBuilder::Int2Vector(const std::vector<int16_t>& values) {
  ArrayBuilder builder(type_oid::kInt2);
  for (const int16_t value : values) builder.AddFixed(value);
  return Text(builder.Finish({static_cast<int32_t>(values.size())}, {0}));
}
SystemRowBuilder& SystemRowBuilder::OidVector(const std::vector<helios::Oid>& values) {
  ArrayBuilder builder(type_oid::kOid);
  for (const helios::Oid value : values) builder.AddFixed(value);
  return Text(builder.Finish({static_cast<int32_t>(values.size())}, {0}));
}

void SystemRowBuilder::End() {
  HELIOS_CHECK(column_ == outputs_.size());
  for (const auto& [from, to] : copies_) {
    chunks_.back().column(to).CopyFrom(row_, chunks_.back().column(from), row_);
  }
  column_ = 0;
  chunks_.back().SetRowCount(++row_);
}

}  // namespace helios::compute
