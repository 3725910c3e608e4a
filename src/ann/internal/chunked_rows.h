#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace helios::ann::internal {

inline constexpr uint32_t kChunkRowBits = 10;
inline constexpr uint32_t kChunkRows = 1u << kChunkRowBits;
// As many ordinals as an index may have; the highest bits of a word are free for marks.
inline constexpr uint32_t kOrdinalCountMax = 1u << 28;

// Rows of one size, zero at first, at addresses that stay: the table grows while others read.
//
// For snapshots each chunk of rows is marked with the epoch of its last change. An epoch begins
// with BeginEpoch: who reads a chunk afterwards either sees a change, or the change gets the mark
// of the new epoch.
//
// Thread safety: Row, Mark and the like, from any thread, for rows that a Grow which happened
// before has made; Grow, from any thread.
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
  // Takes chunks of `chunk_bytes` that somebody else keeps, and own memory for those that are null;
  // the former get the mark, which is at least 1. Requires: no rows so far; memory that may be
  // written, aligned as rows ask, and outlives this.
  void Adopt(std::span<std::byte* const> chunks, uint64_t mark);

  // Notes that the row has been changed. Called after the change.
  void Mark(uint32_t row) {
    std::atomic<uint64_t>& mark = marks_[row >> kChunkRowBits];
    uint64_t now = epoch_.load();
    uint64_t epoch = 0;
    // Always written, even when it stays the same: that orders the change before the next look at
    // the epoch. An epoch that began in between might not have seen the change, so it counts.
    while (epoch != now) {
      epoch = now;
      uint64_t seen = mark.load();
      while (!mark.compare_exchange_weak(seen, seen < epoch ? epoch : seen)) continue;
      now = epoch_.load();
    }
  }
  // Changes get the mark `epoch` from here on. Requires: it is above any before.
  void BeginEpoch(uint64_t epoch) { epoch_.store(epoch); }
  // The epoch of the last change; 0 when there was none, and all of the chunk is zeros.
  uint64_t MarkOf(uint32_t chunk) const { return marks_[chunk].load(); }

  uint32_t chunk_count() const { return chunk_count_.load(std::memory_order_acquire); }
  size_t row_bytes() const { return row_bytes_; }
  size_t chunk_bytes() const { return row_bytes_ * kChunkRows; }
  // What has been taken from the system.
  size_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Unmap {
    size_t bytes;
    void operator()(std::byte* memory) const;
  };
  using Mapping = std::unique_ptr<std::byte, Unmap>;
  static Mapping Map(size_t bytes, bool is_huge);
  // Requires: grow_mutex_ is held.
  std::byte* AddSlab(uint32_t chunk_count);

  const size_t row_bytes_;
  Mapping table_;  // Room for all chunks there may be; the system gives a page when it is touched.
  std::atomic<std::byte*>* const chunks_;
  std::atomic<uint64_t>* const marks_;  // Behind the chunks in the same table.
  std::atomic<uint64_t> epoch_{1};
  std::mutex grow_mutex_;
  std::vector<Mapping> slabs_;
  std::atomic<uint32_t> chunk_count_{0};
  std::atomic<size_t> memory_bytes_{0};
};

}  // namespace helios::ann::internal
