#include "types/vector.h"

namespace helios {

Vector::Vector(SqlType type, PhysicalType physical, size_t row_count_max)
    : type_(type),
      physical_(physical),
      data_(std::make_shared_for_overwrite<char[]>(row_count_max * PhysicalWidth(physical))) {}

Vector Vector::Dictionary(const Vector& child, std::shared_ptr<const Selection> selection) {
  if (child.kind_ == VectorKind::kConstant) return child;
  Vector result = child;
  if (child.kind_ == VectorKind::kDictionary) {
    auto through = std::make_shared<Selection>();
    through->reserve(selection->size());
    for (SelectionIndex index : *selection) through->push_back((*child.selection_)[index]);
    selection = std::move(through);
  }
  result.kind_ = VectorKind::kDictionary;
  // The child keeps writing to its own heap; this vector only reads it.
  result.own_heap_.reset();
  result.selection_ = std::move(selection);
  return result;
}

Vector Vector::ConstantNull(SqlType type, PhysicalType physical) {
  Vector result(type, physical, 1);
  std::memset(result.data_.get(), 0, PhysicalWidth(physical));
  result.SetNull(0);
  result.MakeConstant();
  return result;
}

void Vector::CopyFrom(size_t row, const Vector& from, size_t from_row) {
  HELIOS_DCHECK(physical_ == from.physical_);
  const size_t position = from.Position(from_row);
  if (!from.validity_.IsValid(position)) {
    SetNull(row);
    return;
  }
  if (physical_ == PhysicalType::kVarlen) {
    SetString(row, from.Data<StringRef>()[position].view());
    return;
  }
  const size_t width = PhysicalWidth(physical_);
  std::memcpy(data_.get() + row * width, from.data_.get() + position * width, width);
  validity_.SetValid(row);
}

Arena& Vector::heap() {
  if (own_heap_ == nullptr) {
    own_heap_ = std::make_shared<Arena>();
    heaps_.push_back(own_heap_);
  }
  return *own_heap_;
}

void Vector::ReferenceHeaps(const Vector& other) {
  for (const std::shared_ptr<Arena>& heap : other.heaps_) {
    bool known = false;
    for (const std::shared_ptr<Arena>& mine : heaps_) known |= mine == heap;
    if (!known) heaps_.push_back(heap);
  }
}

void Vector::Flatten(size_t row_count) {
  if (kind_ == VectorKind::kFlat) return;
  const size_t width = PhysicalWidth(physical_);
  std::shared_ptr<char[]> data = std::make_shared_for_overwrite<char[]>(kVectorRowsMax * width);
  Validity validity;
  for (size_t row = 0; row < row_count; ++row) {
    const size_t position = Position(row);
    std::memcpy(data.get() + row * width, data_.get() + position * width, width);
    if (!validity_.IsValid(position)) validity.SetNull(row);
  }
  data_ = std::move(data);
  validity_ = std::move(validity);
  selection_.reset();
  // The old heap may be shared with the vector that this one was sliced from: never write to it.
  own_heap_.reset();
  kind_ = VectorKind::kFlat;
}

Chunk::Chunk(std::span<const SqlType> types) {
  columns_.reserve(types.size());
  for (const SqlType& type : types) columns_.emplace_back(type);
}

void Chunk::Slice(std::shared_ptr<const Selection> selection) {
  for (Vector& column : columns_) column = Vector::Dictionary(column, selection);
  row_count_ = selection->size();
}

size_t Chunk::ApproximateBytes() const {
  size_t bytes = 0;
  for (const Vector& column : columns_) {
    const size_t rows = column.is_constant() ? 1 : row_count_;
    bytes += rows * PhysicalWidth(column.physical());
    if (column.physical() != PhysicalType::kVarlen) continue;
    for (size_t row = 0; row < rows; ++row) {
      if (column.IsNull(row)) continue;
      const StringRef& value = column.At<StringRef>(row);
      if (!value.is_inline()) bytes += value.size();
    }
  }
  return bytes;
}

}  // namespace helios
