#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exec/internal/operator.h"
#include "exec/internal/row_store.h"
#include "types/compare.h"
#include "types/key_codec.h"

namespace helios::exec {

// Sorts rows; rows with equal keys keep the order in which they came, so that the same input gives
// the same answer however much memory there is. Each row gets a 16-byte prefix of its keys in
// memcmp order; most comparisons end there, the rest look at the rows. Sorted runs go to spill
// files when memory is short and are merged while they are read.
//
// Thread safety: none.
class Sorter {
 public:
  struct Key {
    uint32_t column = 0;  // Of the rows.
    SortOrder order;
  };
  Sorter(QueryState& query, std::span<const SqlType> types, std::span<const PhysicalType> physicals,
         std::vector<Key> keys);
  ~Sorter();

  // Gives only the first `row_count` rows; call before the first Add. 0: all.
  void KeepFirst(uint64_t row_count) { keep_ = row_count < kKeepMax ? row_count : 0; }
  // One column of `rows` a row column.
  Status Add(const Chunk& rows);
  // No more rows.
  Status Finish();
  // Replaces `out` by the next rows in order, at most `rows_max`; no rows: the end. `column_count`
  // columns are given, from the first on.
  Status Next(size_t column_count, size_t rows_max, Chunk* out);

  size_t memory_bytes() const { return peak_bytes_; }
  uint64_t spilled_bytes() const { return spilled_bytes_; }
  uint64_t row_count() const { return row_count_; }

 private:
  static constexpr uint64_t kKeepMax = uint64_t{1} << 40;  // Who wants more wants all.

  struct Entry {
    uint64_t high;
    uint64_t low;
    const char* row;
  };
  struct Run;
  struct KeyInfo {
    uint32_t column;
    uint32_t offset;
    PhysicalType physical;
    SqlType type;
    SortOrder order;
    CompareFunction compare;
    bool is_unsigned;
    bool has_key_form;  // AppendKey knows the type.
  };

  // Writes the prefixes of the chunk's keys to prefixes_.
  Status MakePrefixes(const Chunk& rows);
  Status AddVarlenPrefixes(const KeyInfo& key, const Vector& from, size_t at, size_t count);
  Entry EntryOf(size_t prefix, const char* row) const;
  int CompareRows(const char* a, const char* b) const;
  int Compare(const Entry& a, const Entry& b) const {
    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    if (a.low != b.low) return a.low < b.low ? -1 : 1;
    return exact_ ? 0 : CompareRows(a.row, b.row);
  }
  bool Less(const Entry& a, const Entry& b) const { return Compare(a, b) < 0; }
  Status AddBelowCutoff(const Chunk& rows);
  size_t EntryBytes() const;
  void SortEntries();
  void AddRun();
  Status SpillRun();
  Status MergeRuns();
  Status Cut();
  Chunk Gather(std::span<const char* const> rows, size_t column_count,
               const std::vector<std::shared_ptr<Arena>>& heaps) const;
  Status AppendToRun(const Chunk& chunk, Run* run);
  Result<bool> LoadChunk(Run* run);
  bool After(const Run* a, const Run* b) const;
  Status StartMerge(std::span<const std::unique_ptr<Run>> runs);
  Status PopMerged(size_t rows_max, size_t column_count, Chunk* out);

  QueryState& query_;
  std::shared_ptr<const RowLayout> layout_;
  std::vector<KeyInfo> keys_;
  bool exact_ = false;  // Every key fits whole into the prefix.
  uint64_t keep_ = 0;
  std::unique_ptr<RowStore> store_;
  std::vector<Entry> entries_;
  MemoryReservation entries_reservation_;
  bool has_cutoff_ = false;
  Entry cutoff_{};
  std::vector<std::unique_ptr<Run>> runs_;          // In the order of their rows.
  std::vector<Run*> heap_;                          // Runs by their next entry, smallest on top.
  std::vector<std::unique_ptr<RowStore>> retired_;  // Rows of the chunk being made.
  size_t peak_bytes_ = 0;
  uint64_t row_count_ = 0;
  uint64_t given_ = 0;
  bool merging_ = false;
  uint64_t spilled_bytes_ = 0;
  std::vector<unsigned char> prefixes_;  // kPrefixStride bytes a row of the chunk at hand.
  std::string scratch_;
  std::string bytes_;  // Of a chunk on its way to or from a file.
};

}  // namespace helios::exec
