#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace helios::ann::internal {

inline constexpr uint32_t kChunkRowBits = 10;
inline constexpr uint32_t kChunkRows = 1u << kChunkRowBits;
// As many ordinals as an index may have; the highest bits of a word are free for marks.
inline constexpr uint32_t kOrdinalCountMax = 1u << 28;

// Rows of one size, zero at first, at addresses that stay: the table grows while others read.
//
// Thread safety: Row, from any thread, for rows that a Grow which happened before has made; Grow,
// from any thread.
class ChunkedRows {
 public:
  // `row_bytes` of a multiple of 64 keep rows in whole cache lines.
  explicit ChunkedRows(size_t row_bytes);

  std::byte* Row(uint32_t row) {
    return chunks_[row >> kChunkRowBits].load(std::memory_order_acquire) +
           static_cast<size_t>(row & (kChunkRows - 1)) * row_bytes_;
  }
  const std::byte* Row(uint32_t row) const { return const_cast<ChunkedRows*>(this)->Row(row); }
  template <typename T>
  T& At(uint32_t row) {
    return *reinterpret_cast<T*>(Row(row));
  }
  template <typename T>
  const T& At(uint32_t row) const {
    return *reinterpret_cast<const T*>(Row(row));
  }

  // Makes rows up to `row_count`. Requires: row_count <= kOrdinalCountMax.
  void Grow(uint32_t row_count);
  uint32_t chunk_count() const { return chunk_count_.load(std::memory_order_acquire); }
  size_t row_bytes() const { return row_bytes_; }
  // What has been taken from the system.
  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Unmap {
    size_t bytes;
    void operator()(std::byte* memory) const;
  };
  using Mapping = std::unique_ptr<std::byte, Unmap>;
  static Mapping Map(size_t bytes, bool is_huge);

  const size_t row_bytes_;
  Mapping table_;  // Room for all chunks there may be; the system gives a page when it is touched.
  std::atomic<std::byte*>* const chunks_;
  std::mutex grow_mutex_;
  std::vector<Mapping> slabs_;
  std::atomic<uint32_t> chunk_count_{0};
  std::atomic<size_t> memory_bytes_{0};
};

}  // namespace helios::ann::internal
