#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "exec/internal/operator.h"
#include "exec/internal/write/table_writer.h"

namespace helios::exec {

// The foreign keys that one statement has to look after, in two halves: rows that came or changed
// need their parents; keys that went or changed need their children handled. Both wait for the end
// of the statement, as in PostgreSQL, since the statement itself may put things right.
//
// A parent is locked KeyShare before it is looked for, and whoever takes a parent away holds its
// Update lock: so no child slips in while its parent goes.
//
// Thread safety: none.
class ForeignKeys {
 public:
  explicit ForeignKeys(QueryState& query);
  ~ForeignKeys();

  // New versions of rows of `target`; `old_rows` (null: inserted) tells what did not change.
  Status NoteNewRows(const plan::WriteTarget& target, const Chunk& rows, const Chunk* old_rows,
                     const std::vector<std::string>& row_keys);
  // Rows that go (`new_rows` null) or whose keys may have changed.
  Status NoteOldRows(const plan::WriteTarget& target, const Chunk& old_rows, const Chunk* new_rows);
  // Does the referential actions, then checks what must hold. Call once the statement has written
  // everything.
  Status Finish();

  // --- for deferred checks
  // Whether a row's reference is satisfied; 23503 otherwise.
  Status CheckReference(const plan::WriteTarget& target, size_t reference, const Chunk& rows,
                        size_t row);
  // 23503 when a child still holds the key and no parent has it any more.
  Status CheckReferencedBy(const plan::WriteTarget& target, size_t reference,
                           const std::vector<Value>& key);
  TableWriter& WriterOf(const plan::WriteTarget& target);

 private:
  struct ParentKeys;
  struct Action {
    const plan::WriteTarget* target;
    size_t reference;
    std::vector<Value> old_key;
    std::vector<Value> new_key;  // ON UPDATE; empty: the row goes.
  };

  // --- many keys at once (foreign_key_batches.cc)
  struct KeyBatch;
  // Gets the row keys of children that hold keys of the batch, and the action of each.
  using ChildVisitor =
      std::function<Status(std::vector<std::string> row_keys, const std::vector<size_t>& actions)>;
  static constexpr size_t kBatchMin = 32;  // Fewer keys are looked for one by one.
  static bool IsBatchable(const Action& action);
  // How many actions from position `first` on one walk through the children serves; 0: too few, or
  // an index finds them.
  template <typename Actions>
  static size_t BatchSize(const Actions& actions, size_t first) {
    if (!IsBatchable(actions[first])) return 0;
    size_t end = first + 1;
    while (end < actions.size() && actions[end].target == actions[first].target &&
           actions[end].reference == actions[first].reference &&
           actions[end].new_key.empty() == actions[first].new_key.empty()) {
      ++end;
    }
    return end - first < kBatchMin ? 0 : end - first;
  }
  Result<KeyBatch> MakeBatch(std::span<const Action> actions) const;
  Status WalkChildren(const KeyBatch& batch, const ChildVisitor& visit);
  Status CheckBatch(std::span<const Action> actions, bool may_be_back);
  Status ActOnBatch(std::span<const Action> actions);
  Result<bool> TryBatch();

  Result<bool> LockParent(const plan::ReferenceTarget& reference, const std::string& row_key,
                          RowLocker& locker);
  Result<bool> ParentExists(const plan::ReferenceTarget& reference, const std::string& key,
                            RowLocker& locker);
  Status FindParents(ParentKeys& parents, std::span<const std::string> keys,
                     std::vector<bool>* found);
  Status NoParent(const ParentKeys& keys, std::string_view key);
  Status CheckPending(bool final);
  Status Act(const Action& action);
  // The children of a key, locked: their columns and row keys.
  Status FindChildren(const plan::ReferencedByTarget& reference, const std::vector<Value>& key,
                      bool lock, std::vector<std::string>* keys, std::vector<Chunk>* rows);
  Result<bool> HasChild(const plan::ReferencedByTarget& reference, const std::vector<Value>& key);
  Result<bool> KeyIsBack(const plan::WriteTarget& target, const plan::ReferencedByTarget& reference,
                         const std::vector<Value>& key);
  Status ChangeChildren(const Action& action, const std::vector<std::string>& keys,
                        const Chunk& rows);
  Status StillReferenced(const plan::WriteTarget& target, const plan::ReferencedByTarget& reference,
                         const std::vector<Value>& key);

  QueryState& query_;
  std::map<std::pair<const plan::WriteTarget*, size_t>, std::unique_ptr<ParentKeys>> parents_;
  std::deque<Action> actions_;
  std::vector<Action> checks_;  // NO ACTION, after all actions.
  std::unordered_map<const plan::WriteTarget*, std::unique_ptr<TableWriter>> writers_;
  std::unordered_map<const plan::Node*, OperatorPtr> finders_;
};

}  // namespace helios::exec
