#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "exec/spill.h"
#include "types/vector.h"

namespace helios::exec {

// A chunk as bytes of a spill file. Both ends are this process: the format may change at will.
void SerializeChunk(const Chunk& chunk, std::string* out);
// kDataCorrupted when the bytes are not such a chunk.
Status DeserializeChunk(std::string_view bytes, Chunk* out);

// A flat copy that shares nothing with its source but long strings, which are copied too.
Vector CopyVector(const Vector& from, const SelectionIndex* selection, size_t count);
Chunk CopyChunk(const Chunk& from);

// Rows kept in order for one writer and later readers; moves to a spill file when they outgrow
// their share of memory.
//
// Thread safety: none.
class ChunkBuffer {
 public:
  // A reader's place.
  struct Cursor {
    size_t chunk = 0;
    size_t row = 0;
  };

  // `spill` null: never spills, 53200 instead.
  ChunkBuffer(MemoryTracker* tracker, SpillArea* spill, size_t memory_bytes);

  // Copies the rows.
  Status Append(const Chunk& chunk);
  uint64_t row_count() const { return row_count_; }
  // Replaces `out` by rows from the cursor on and moves it past them; no rows: nothing more as yet.
  Status Read(Cursor* cursor, Chunk* out);
  // Chunk `index` where it lies in memory, until the next Append or Clear; null: it is on disk. All
  // chunks but the last are full.
  const Chunk* Resident(size_t index) const {
    return index < spilled_.size() ? nullptr : &chunks_[index - spilled_.size()];
  }
  void Clear();
  uint64_t spilled_bytes() const { return file_ == nullptr ? 0 : file_->size(); }
  size_t memory_bytes() const { return bytes_; }

 private:
  Status CountStrings(const Chunk& chunk, size_t first, size_t last);
  // Writes out all chunks, which are full.
  Status SpillFull();

  MemoryTracker* const tracker_;
  SpillArea* const spill_;
  const size_t memory_bytes_;
  MemoryReservation reservation_;
  size_t bytes_ = 0;
  size_t last_string_bytes_ = 0;  // Of the last chunk.
  uint64_t row_count_ = 0;
  std::vector<Chunk> chunks_;  // After the spilled ones; all but the last are full.
  struct Extent {
    uint64_t offset;
    size_t bytes;
  };
  std::vector<Extent> spilled_;
  std::unique_ptr<SpillFile> file_;
};

// Shows rows [first, first + count) of a chunk without moving data.
Chunk SliceRows(const Chunk& chunk, size_t first, size_t count);
// Copies rows of `from` behind the rows of `to` (flat, of the same types), as many as fit below
// `rows_max`. Returns the first row not taken.
size_t AppendRows(const Chunk& from, size_t first, size_t rows_max, Chunk* to);
// Flat columns of the same types as `like`, no rows.
Chunk EmptyLike(const Chunk& like);

// Collects rows of chunks into full chunks of at most `rows_max` rows.
class ChunkBuilder {
 public:
  explicit ChunkBuilder(size_t rows_max) : rows_max_(rows_max) {}
  bool full() const { return chunk_.row_count() >= rows_max_; }
  size_t row_count() const { return chunk_.row_count(); }
  // Appends rows from `first` on until full; returns the first row not taken.
  size_t Append(const Chunk& chunk, size_t first);
  Chunk Take();

 private:
  const size_t rows_max_;
  Chunk chunk_;
};

}  // namespace helios::exec
