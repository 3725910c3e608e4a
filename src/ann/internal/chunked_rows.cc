#include "ann/internal/chunked_rows.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "base/check.h"

namespace helios::ann::internal {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kPageBytes = 4096;
constexpr uint32_t kChunkCountMax = kOrdinalCountMax / kChunkRows;
// A slab adds this part of what is there, so that few slabs hold many chunks.
constexpr uint32_t kGrowthDivisor = 4;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void ChunkedRows::Unmap::operator()(std::byte* memory) const { munmap(memory, bytes); }

// A walk jumps about in it: huge pages spare the processor a look into the page table for each
// jump.
ChunkedRows::Mapping ChunkedRows::Map(size_t bytes, bool is_huge) {
  bytes = RoundUp(bytes, is_huge ? kHugePageBytes : kPageBytes);
  const size_t mapped_bytes = is_huge ? bytes + kHugePageBytes : bytes;
  void* const mapped = mmap(nullptr, mapped_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* first = static_cast<std::byte*>(mapped);
  if (!is_huge) return Mapping(first, Unmap{bytes});
  auto* const aligned =
      reinterpret_cast<std::byte*>(RoundUp(reinterpret_cast<uintptr_t>(first), kHugePageBytes));
  if (aligned != first) munmap(first, static_cast<size_t>(aligned - first));
  std::byte* const end = aligned + bytes;
  std::byte* const mapped_end = first + mapped_bytes;
  if (end != mapped_end) munmap(end, static_cast<size_t>(mapped_end - end));
  madvise(aligned, bytes, MADV_HUGEPAGE);  // Without huge pages it is slower, not wrong.
  return Mapping(aligned, Unmap{bytes});
}

ChunkedRows::ChunkedRows(size_t row_bytes)
    : row_bytes_(row_bytes),
      table_(Map(kChunkCountMax * (sizeof(*chunks_) + sizeof(*marks_)), false)),
      chunks_(reinterpret_cast<std::atomic<std::byte*>*>(table_.get())),
      marks_(reinterpret_cast<std::atomic<uint64_t>*>(chunks_ + kChunkCountMax)) {
  HELIOS_CHECK(row_bytes > 0);
}

void ChunkedRows::Grow(uint32_t row_count) {
  HELIOS_CHECK(row_count <= kOrdinalCountMax);
  const uint32_t wanted = (row_count + kChunkRows - 1) / kChunkRows;
  if (wanted <= chunk_count()) return;
  std::lock_guard lock(grow_mutex_);
  uint32_t count = chunk_count_.load(std::memory_order_relaxed);
  if (wanted <= count) return;
  const uint32_t added =
      std::min(std::max(wanted - count, count / kGrowthDivisor), kChunkCountMax - count);
  std::byte* const slab = AddSlab(added);
  for (uint32_t at = 0; at < added; ++at) {
    chunks_[count + at].store(slab + at * chunk_bytes(), std::memory_order_release);
  }
  chunk_count_.store(count + added, std::memory_order_release);
}

std::byte* ChunkedRows::AddSlab(uint32_t chunk_count) {
  const size_t bytes = chunk_bytes() * chunk_count;
  slabs_.push_back(Map(bytes, bytes >= kHugePageBytes));
  memory_bytes_ += slabs_.back().get_deleter().bytes;
  return slabs_.back().get();
}

void ChunkedRows::Adopt(std::span<std::byte* const> chunks, uint64_t mark) {
  HELIOS_CHECK(mark > 0);
  HELIOS_CHECK(chunks.size() <= kChunkCountMax);
  std::lock_guard lock(grow_mutex_);
  HELIOS_CHECK(chunk_count_.load() == 0);
  const auto missing_count =
      static_cast<uint32_t>(std::count(chunks.begin(), chunks.end(), nullptr));
  std::byte* own = missing_count == 0 ? nullptr : AddSlab(missing_count);
  for (size_t at = 0; at < chunks.size(); ++at) {
    if (chunks[at] == nullptr) {
      chunks_[at].store(own, std::memory_order_release);
      own += chunk_bytes();
      continue;
    }
    chunks_[at].store(chunks[at], std::memory_order_release);
    marks_[at].store(mark);
    memory_bytes_ += chunk_bytes();
  }
  chunk_count_.store(static_cast<uint32_t>(chunks.size()), std::memory_order_release);
}

}  // namespace helios::ann::internal
