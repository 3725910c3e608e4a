#include "types/value.h"

namespace helios {

Value Value::FromVector(const Vector& vector, size_t row) {
  Value value = Null(vector.type());
  value.physical_ = vector.physical();
  if (vector.IsNull(row)) return value;
  value.null_ = false;
  const size_t position = vector.Position(row);
  if (vector.physical() == PhysicalType::kVarlen) {
    value.bytes_ = vector.Data<StringRef>()[position].view();
  } else {
    const size_t width = PhysicalWidth(vector.physical());
    std::memcpy(value.fixed_, vector.RawData() + position * width, width);
  }
  return value;
}

void Value::Store(Vector* vector, size_t row) const {
  if (null_) {
    vector->SetNull(row);
    return;
  }
  HELIOS_DCHECK(vector->physical() == physical_);
  if (physical_ == PhysicalType::kVarlen) {
    vector->SetString(row, bytes_);
    return;
  }
  const size_t width = PhysicalWidth(physical_);
  std::memcpy(vector->RawData() + row * width, fixed_, width);
  vector->validity().SetValid(row);
}

Vector Value::ToConstant() const {
  if (null_) return Vector::ConstantNull(type_, physical_);
  Vector vector(type_, physical_, 1);
  Store(&vector, 0);
  vector.MakeConstant();
  return vector;
}

bool Value::SameAs(const Value& other) const {
  if (!(type_ == other.type_) || null_ != other.null_) return false;
  if (null_) return true;
  if (physical_ != other.physical_) return false;
  if (physical_ == PhysicalType::kVarlen) return bytes_ == other.bytes_;
  return std::memcmp(fixed_, other.fixed_, PhysicalWidth(physical_)) == 0;
}

}  // namespace helios
