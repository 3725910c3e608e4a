#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "exec/internal/operator.h"
#include "exec/internal/write/row_locker.h"
#include "types/key_codec.h"
#include "types/row_codec.h"

namespace helios::exec {

class ForeignKeys;

// Takes from a chunk's columns what an index entry says of each row.
//
// Thread safety: none.
class IndexEncoder {
 public:
  IndexEncoder(const plan::IndexTarget& target, expr::EvalContext& context);

  struct Entries {
    std::vector<bool> present;       // In a partial index, by row; empty: all are.
    std::vector<std::string> parts;  // Encoded parts.
    std::vector<bool> has_null;      // Some part is NULL.
    Chunk values;                    // The parts, for messages.
    bool Has(size_t row) const { return present.empty() || present[row]; }
  };
  // `rows`: the table's columns in layout order.
  Status Encode(const Chunk& rows, Entries* out);
  const plan::IndexTarget& target() const { return target_; }
  // Whether rows with these parts exclude each other.
  bool IsExclusive(const Entries& entries, size_t row) const {
    return target_.layout->unique && entries.Has(row) &&
           (!entries.has_null[row] || !target_.layout->nulls_distinct);
  }

 private:
  const plan::IndexTarget& target_;
  std::vector<KeyColumn> columns_;
  Expressions parts_;
  std::optional<expr::Evaluator> predicate_;
};

// Writes rows of one table into the transaction's write set and keeps everything that hangs on them
// true: generated columns, NOT NULL, CHECK, unique keys, index entries; foreign keys are noted and
// looked after at the end of the statement (ForeignKeys).
//
// Uniqueness: the key is locked first, then the newest committed state and every write of this
// transaction are asked, so two transactions never both believe that a key is free. Who gives a key
// up locks it as well, so that whoever wants it waits to see whether it becomes free. Locks on a
// row come before those on its keys.
//
// Thread safety: none.
class TableWriter {
 public:
  TableWriter(QueryState& query, const plan::WriteTarget& target);
  ~TableWriter();

  const plan::WriteTarget& target() const { return target_; }
  size_t width() const { return target_.layout->columns.size(); }

  // Computes generated columns, checks NOT NULL and CHECK. `rows`: the table's columns.
  Status Prepare(Chunk* rows);
  // Row keys of new rows; rows without a primary key get fresh row ids.
  Status MakeRowKeys(const Chunk& rows, std::vector<std::string>* keys);

  // Adds prepared rows. 23505 when a key is taken.
  Status Insert(const Chunk& rows, const std::vector<std::string>& keys);
  // Replaces rows: `old_rows` with keys `old_keys`, locked by the caller, become `new_rows`
  // (prepared). Row keys change where key columns do.
  Status Update(const Chunk& old_rows, const std::vector<std::string>& old_keys,
                const Chunk& new_rows);
  // Takes rows away, locked by the caller.
  Status Delete(const Chunk& old_rows, const std::vector<std::string>& keys);

  // The row that holds unique constraint `arbiter` (-1: the primary key) against each new row.
  // Locks the keys; with `lock_mode` the holders too, but for one that has only just come. Empty
  // string: nobody. `constraint_keys` gets the encoded values; empty: cannot conflict.
  Status FindHolders(int32_t arbiter, const Chunk& rows, std::optional<hidb::RowLockMode> lock_mode,
                     std::vector<std::string>* holders, std::vector<std::string>* constraint_keys);
  // Whether assigning these columns can change a key that others refer to or are unique by. A
  // generated column counts as assigned.
  bool TouchesKeys(const std::vector<std::pair<uint32_t, expr::ExprPtr>>& set) const;
  // Locks rows for a change. `found_changed`: a row has changed since the statement's snapshot,
  // which ends in kWriteConflict or 40001.
  Status LockForChange(const std::vector<std::string>& keys, hidb::RowLockMode mode);
  // Locks rows for a change, whatever they have become: found by a key and not by the statement's
  // snapshot. 40001 under REPEATABLE READ when one has changed since.
  Status LockNewest(const std::vector<std::string>& keys, hidb::RowLockMode mode);
  RowLocker& locker() { return locker_; }
  // Newest versions of rows, all columns; keys without a row are left out of `keys`.
  Status FetchNewest(std::vector<std::string>* keys, Chunk* rows);

  // Writes one index entry, without looking whether it is free.
  Status PutEntry(const IndexEncoder& index, const std::string& parts, const std::string& key);

 private:
  Status CheckNotNull(const Chunk& rows);
  Status CheckConstraints(const Chunk& rows);
  Result<bool> MayExist(hidb::SpaceId space, const std::vector<std::string>& keys);
  Status CheckPrimaryKeys(const Chunk& rows, const std::vector<std::string>& keys);
  Status CheckUnique(IndexEncoder& index, const IndexEncoder::Entries& entries,
                     const std::vector<std::string>& row_keys);
  Status CheckUniqueRow(IndexEncoder& index, const IndexEncoder::Entries& entries, size_t row,
                        const std::string& own_key);
  Status LockParts(const IndexEncoder& index, const IndexEncoder::Entries& entries,
                   const std::function<bool(size_t)>& is_wanted);
  Status LookUpHolders(const IndexEncoder& index, const std::vector<std::string>& parts,
                       std::vector<std::string>* holders);
  Status PutRow(const Chunk& rows, size_t row, const std::string& key);
  Status DeleteEntry(const IndexEncoder& index, const std::string& parts, const std::string& key);

  QueryState& query_;
  const plan::WriteTarget& target_;
  std::vector<KeyColumn> key_columns_;
  std::vector<std::unique_ptr<IndexEncoder>> indexes_;
  std::vector<expr::Evaluator> checks_;
  std::vector<Expression> generated_;
  RowEncoder encoder_;
  std::string encoded_, entry_;
  RowLocker locker_;
};

// Error texts as PostgreSQL words them (violations.cc).

// "(1, null, abc)", values longer than 64 bytes cut.
std::string DescribeRow(const Chunk& rows, size_t row, const TextFormat& format);
// "(1, x)" for columns of a chunk.
std::string DescribeValues(const Chunk& rows, const std::vector<uint32_t>& columns, size_t row,
                           const TextFormat& format);
std::string DescribeNames(const plan::WriteTarget& target, const std::vector<uint32_t>& columns);
Status NotNullViolation(const plan::WriteTarget& target, uint32_t column, const Chunk& rows,
                        size_t row, const TextFormat& format);
Status CheckViolation(const plan::WriteTarget& target, const plan::CheckTarget& check,
                      const Chunk& rows, size_t row, const TextFormat& format);
Status PrimaryKeyViolation(const plan::WriteTarget& target, const Chunk& rows, size_t row,
                           const TextFormat& format);
Status UniqueViolation(const plan::WriteTarget& target, const plan::IndexTarget& index,
                       const Chunk& values, size_t row, const TextFormat& format);
Status ConcurrentChange(bool deleted);

}  // namespace helios::exec
