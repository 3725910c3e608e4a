#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/internal/operator.h"
#include "exec/internal/row_store.h"
#include "types/compare.h"
#include "types/key_codec.h"

namespace helios::exec {

// Sorts rows. Each row gets a 16-byte prefix of its keys in memcmp order; most comparisons end
// there, the rest look at the rows. Sorted runs go to a spill file when memory is short and are
// merged while they are read.
//
// Thread safety: none; several sorters may sort on threads of their own and be merged (Absorb).
class Sorter {
 public:
  struct Key {
    uint32_t column = 0;  // Of the rows.
    SortOrder order;
  };
  Sorter(QueryState& query, std::span<const SqlType> types, std::span<const PhysicalType> physicals,
         std::vector<Key> keys);
  ~Sorter();

  // Keeps only the first `row_count` rows; call before the first Add. 0: all.
  void KeepFirst(uint64_t row_count) { keep_ = row_count; }
  // One column of `rows` a row column.
  Status Add(const Chunk& rows);
  // No more rows.
  Status Finish();
  // Takes over the sorted rows of `other`, which has finished. Call after Finish, before Next.
  void Absorb(Sorter&& other);
  // Replaces `out` by the next rows in order, at most `rows_max`; no rows: the end. `column_count`
  // columns are given, from the first on.
  Status Next(size_t column_count, size_t rows_max, Chunk* out);

  size_t memory_bytes() const { return peak_bytes_; }
  uint64_t spilled_bytes() const;
  uint64_t row_count() const { return row_count_; }

 private:
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
  };

  Entry MakeEntry(const char* row) const;
  int CompareRows(const char* a, const char* b) const;
  bool Less(const Entry& a, const Entry& b) const {
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    return !exact_ && CompareRows(a.row, b.row) < 0;
  }
  void SortEntries();
  Status AddRun();
  Status SpillRun();
  Status Cut();
  Result<bool> LoadChunk(Run* run);
  Status PopMerged(std::vector<const char*>* rows, size_t rows_max);

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
  std::vector<std::unique_ptr<Run>> runs_;
  std::vector<Run*> heap_;                          // Runs by their next entry, smallest on top.
  std::vector<std::unique_ptr<RowStore>> retired_;  // Rows of the chunk being made.
  size_t peak_bytes_ = 0;
  uint64_t row_count_ = 0;
  uint64_t given_ = 0;
  mutable std::string scratch_;
};

}  // namespace helios::exec
