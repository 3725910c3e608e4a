#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/check.h"
#include "types/string_ref.h"
#include "types/type.h"

namespace helios {

// Rows of a Chunk at most. Row positions inside a chunk fit 16 bits.
inline constexpr size_t kVectorRowsMax = 2048;

using SelectionIndex = uint16_t;
using Selection = std::vector<SelectionIndex>;

// Which rows hold a value; absent means all do.
class Validity {
 public:
  bool AllValid() const { return words_.empty(); }
  bool IsValid(size_t row) const {
    return words_.empty() || (words_[row >> 6] >> (row & 63) & 1) != 0;
  }
  void SetNull(size_t row) {
    if (words_.empty()) words_.assign(kVectorRowsMax / 64, ~uint64_t{0});
    words_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  }
  void SetValid(size_t row) {
    if (!words_.empty()) words_[row >> 6] |= uint64_t{1} << (row & 63);
  }
  void Set(size_t row, bool valid) { valid ? SetValid(row) : SetNull(row); }
  void Reset() { words_.clear(); }

 private:
  std::vector<uint64_t> words_;
};

enum class VectorKind : uint8_t {
  kFlat,        // One value a row.
  kConstant,    // Row 0 stands for every row.
  kDictionary,  // Row i is row selection[i] of a flat child.
};

// A column of up to kVectorRowsMax values of one type.
//
// Long strings live in heaps that vectors share: a vector that refers to another's strings holds
// that vector's heaps too (ReferenceHeaps), so strings live as long as any vector that shows them.
//
// Copying shares the data (copy-on-nothing: the writer of a vector is its only owner). Thread
// safety: readers from any thread while nobody writes.
class Vector {
 public:
  Vector() = default;
  // A flat vector with room for `row_count_max` values, uninitialised and all valid. `physical`
  // says how user-defined types lie; built-in types know it themselves.
  explicit Vector(SqlType type) : Vector(type, PhysicalTypeOf(type.oid)) {}
  Vector(SqlType type, PhysicalType physical, size_t row_count_max = kVectorRowsMax);

  // Shares `child`'s data; row i shows child row selection[i]. A dictionary child is flattened
  // through, a constant child stays constant.
  static Vector Dictionary(const Vector& child, std::shared_ptr<const Selection> selection);
  // A constant NULL.
  static Vector ConstantNull(SqlType type) { return ConstantNull(type, PhysicalTypeOf(type.oid)); }
  static Vector ConstantNull(SqlType type, PhysicalType physical);

  SqlType type() const { return type_; }
  // Gives the same bytes another SQL type of the same physical type (a typmod or binary cast).
  void SetType(SqlType type) { type_ = type; }
  PhysicalType physical() const { return physical_; }
  VectorKind kind() const { return kind_; }
  bool is_constant() const { return kind_ == VectorKind::kConstant; }

  // The stored values: by row for flat, at 0 for constant, by dictionary position otherwise.
  template <typename T>
  T* Data() {
    HELIOS_DCHECK(sizeof(T) == PhysicalWidth(physical_));
    return reinterpret_cast<T*>(data_.get());
  }
  template <typename T>
  const T* Data() const {
    HELIOS_DCHECK(sizeof(T) == PhysicalWidth(physical_));
    return reinterpret_cast<const T*>(data_.get());
  }
  const char* RawData() const { return data_.get(); }
  char* RawData() { return data_.get(); }
  Validity& validity() { return validity_; }
  const Validity& validity() const { return validity_; }

  // Where row `row` is stored: row itself, 0, or its dictionary position.
  size_t Position(size_t row) const {
    switch (kind_) {
      case VectorKind::kFlat:
        return row;
      case VectorKind::kConstant:
        return 0;
      case VectorKind::kDictionary:
        return (*selection_)[row];
    }
    return row;
  }
  bool IsNull(size_t row) const { return !validity_.IsValid(Position(row)); }
  // Requires: the row is not NULL. For strings see also View().
  template <typename T>
  const T& At(size_t row) const {
    return Data<T>()[Position(row)];
  }
  std::string_view View(size_t row) const { return At<StringRef>(row).view(); }
  const Selection* selection() const { return selection_.get(); }

  // Writes (the vector must be flat or constant and not shared).
  template <typename T>
  void Set(size_t row, const T& value) {
    Data<T>()[row] = value;
    validity_.SetValid(row);
  }
  void SetNull(size_t row) { validity_.SetNull(row); }
  // Copies the bytes into this vector's heap.
  void SetString(size_t row, std::string_view bytes) {
    StringRef* const place = Data<StringRef>() + row;
    if (bytes.size() <= StringRef::kInlineBytesMax) {
      std::construct_at(place, bytes);
    } else {
      *place = StringRef(heap().Copy(bytes));
    }
    validity_.SetValid(row);
  }
  // The reference that SetString would store; the bytes are copied unless they fit inline.
  StringRef StoreString(std::string_view bytes) {
    if (bytes.size() <= StringRef::kInlineBytesMax) return StringRef(bytes);
    return StringRef(heap().Copy(bytes));
  }
  // Copies one value of a vector of the same physical type, strings included.
  void CopyFrom(size_t row, const Vector& from, size_t from_row);
  // The heap that this vector writes its strings to.
  Arena& heap();
  // Keeps the strings of `other` alive as long as this vector.
  void ReferenceHeaps(const Vector& other);
  void ReferenceHeap(std::shared_ptr<Arena> heap) { heaps_.push_back(std::move(heap)); }

  // After writing row 0 only: makes row 0 stand for every row, or the reverse of it.
  void MakeConstant() { kind_ = VectorKind::kConstant; }
  // Turns any kind into flat, for `row_count` rows. Copies fixed parts, shares strings.
  void Flatten(size_t row_count);

 private:
  SqlType type_;
  PhysicalType physical_ = PhysicalType::kInt32;
  VectorKind kind_ = VectorKind::kFlat;
  std::shared_ptr<char[]> data_;
  Validity validity_;
  std::shared_ptr<const Selection> selection_;
  std::shared_ptr<Arena> own_heap_;
  std::vector<std::shared_ptr<Arena>> heaps_;
};

// Up to kVectorRowsMax rows: one Vector a column. A chunk may have rows and no columns.
class Chunk {
 public:
  Chunk() = default;
  // Flat columns of these types, no rows.
  explicit Chunk(std::span<const SqlType> types);

  size_t row_count() const { return row_count_; }
  size_t column_count() const { return columns_.size(); }
  // Requires: row_count <= kVectorRowsMax.
  void SetRowCount(size_t row_count) {
    HELIOS_DCHECK(row_count <= kVectorRowsMax);
    row_count_ = row_count;
  }
  Vector& column(size_t index) { return columns_[index]; }
  const Vector& column(size_t index) const { return columns_[index]; }
  std::vector<Vector>& columns() { return columns_; }
  const std::vector<Vector>& columns() const { return columns_; }
  void AddColumn(Vector column) { columns_.push_back(std::move(column)); }

  // Keeps the selected rows, in that order, as dictionary vectors. No data moves.
  void Slice(std::shared_ptr<const Selection> selection);
  void Flatten() {
    for (Vector& column : columns_) column.Flatten(row_count_);
  }
  // Bytes of the rows' fixed data and of their long strings, for memory accounting.
  size_t ApproximateBytes() const;

 private:
  std::vector<Vector> columns_;
  size_t row_count_ = 0;
};

}  // namespace helios
