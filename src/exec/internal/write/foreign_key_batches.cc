// Many keys of one foreign key at once. A statement that takes away many parents asks for the
// children of each; where no index answers that, one walk through all children with the keys in a
// hash table replaces a walk for each key.

#include <iterator>

#include "exec/chunk_buffer.h"
#include "exec/internal/write/foreign_keys.h"

namespace helios::exec {
namespace {

using ForeignKeyAction = catalog::ForeignKeyAction;

}  // namespace

// The keys of a batch, encoded as the children's columns are.
struct ForeignKeys::KeyBatch {
  const plan::ReferencedByTarget* reference = nullptr;
  std::vector<KeyColumn> columns;
  std::unordered_map<std::string, size_t> keys;  // To the position of the first action with it.

  // The rows that hold one of the keys, and the action of each.
  Status Match(const Chunk& rows, Selection* matched, std::vector<size_t>* actions) const {
    matched->clear();
    actions->clear();
    std::string key;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      key.clear();
      bool has_null = false;
      for (size_t i = 0; i < columns.size() && !has_null; ++i) {
        const Vector& value = rows.column(reference->child_columns[i]);
        has_null = value.IsNull(row);
        if (!has_null) HELIOS_TRY(AppendKey(columns[i], value, row, &key));
      }
      if (has_null) continue;
      const auto found = keys.find(key);
      if (found == keys.end()) continue;
      matched->push_back(static_cast<SelectionIndex>(row));
      actions->push_back(found->second);
    }
    return Status::Ok();
  }
};

// Whether a walk through all children is what the action takes, and all it takes.
bool ForeignKeys::IsBatchable(const Action& action) {
  const plan::ReferencedByTarget& reference = action.target->referenced_by[action.reference];
  if (reference.child_target == nullptr || reference.find_children->kind != plan::NodeKind::kScan ||
      !static_cast<const plan::ScanNode&>(*reference.find_children).bounds.empty()) {
    return false;
  }
  // Every key has a new value of its own.
  if (!action.new_key.empty() && reference.on_update == ForeignKeyAction::kCascade) return false;
  for (size_t i = 0; i < reference.child_columns.size(); ++i) {
    const SqlType child = reference.child_target->layout->columns[reference.child_columns[i]].type;
    const SqlType parent = action.target->layout->columns[reference.key_columns[i]].type;
    if (child.oid != parent.oid) return false;
  }
  return true;
}

Result<ForeignKeys::KeyBatch> ForeignKeys::MakeBatch(std::span<const Action> actions) const {
  const Action& first = actions.front();
  KeyBatch batch;
  batch.reference = &first.target->referenced_by[first.reference];
  for (uint32_t column : batch.reference->child_columns) {
    const hidb::ColumnLayout& child = batch.reference->child_target->layout->columns[column];
    batch.columns.emplace_back(child.type, child.physical, SortOrder{});
  }
  for (size_t at = 0; at < actions.size(); ++at) {
    std::string key;
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      HELIOS_TRY(AppendKey(batch.columns[i], actions[at].old_key[i], &key));
    }
    batch.keys.emplace(std::move(key), at);
  }
  return batch;
}

Status ForeignKeys::WalkChildren(const KeyBatch& batch, const ChildVisitor& visit) {
  hidb::ScanRequest request;
  request.table = batch.reference->child_target->layout;
  request.ranges.emplace_back();
  for (uint32_t i = 0; i < request.table->columns.size(); ++i) request.columns.push_back(i);
  request.with_row_key = true;
  request.view = query_.NewestView();
  request.context = &query_.eval;
  HELIOS_TRY(std::unique_ptr<hidb::ScanStream> stream,
             query_.context.storage->Scan(std::move(request)));
  Chunk rows;
  Selection matched;
  std::vector<size_t> actions;
  while (true) {
    HELIOS_TRY(query_.CheckCanceled());
    HELIOS_TRY(stream->Next(&rows));
    if (rows.row_count() == 0) return Status::Ok();
    HELIOS_TRY(batch.Match(rows, &matched, &actions));
    if (matched.empty()) continue;
    std::vector<std::string> row_keys;
    const Vector& key_column = rows.column(rows.column_count() - 1);
    for (SelectionIndex row : matched) row_keys.emplace_back(key_column.View(row));
    HELIOS_TRY(visit(std::move(row_keys), actions));
  }
}

// RESTRICT, and NO ACTION at the end of the statement: 23503 for the first key that is still held.
Status ForeignKeys::CheckBatch(std::span<const Action> actions, bool may_be_back) {
  HELIOS_TRY(const KeyBatch batch, MakeBatch(actions));
  std::vector<bool> held(actions.size(), false);
  HELIOS_TRY(WalkChildren(
      batch, [&](std::vector<std::string>, const std::vector<size_t>& holders) -> Status {
        for (size_t at : holders) held[at] = true;
        return Status::Ok();
      }));
  for (size_t at = 0; at < actions.size(); ++at) {
    if (!held[at]) continue;
    const Action& action = actions[at];
    if (may_be_back) {
      HELIOS_TRY(const bool back, KeyIsBack(*action.target, *batch.reference, action.old_key));
      if (back) continue;
    }
    return StillReferenced(*action.target, *batch.reference, action.old_key);
  }
  return Status::Ok();
}

// CASCADE of a deletion, SET NULL and SET DEFAULT.
Status ForeignKeys::ActOnBatch(std::span<const Action> actions) {
  HELIOS_TRY(const KeyBatch batch, MakeBatch(actions));
  const plan::ReferencedByTarget& reference = *batch.reference;
  const ForeignKeyAction what =
      actions.front().new_key.empty() ? reference.on_delete : reference.on_update;
  TableWriter& writer = WriterOf(*reference.child_target);
  const auto act = [&](std::vector<std::string> keys, const std::vector<size_t>&) -> Status {
    HELIOS_TRY(writer.LockNewest(keys, hidb::RowLockMode::kUpdate));
    // Others may have changed the rows before the lock was ours. None can have come: their parents
    // are locked.
    Chunk rows;
    HELIOS_TRY(writer.FetchNewest(&keys, &rows));
    auto still = std::make_shared<Selection>();
    std::vector<size_t> of;
    HELIOS_TRY(batch.Match(rows, still.get(), &of));
    if (still->empty()) return Status::Ok();
    std::vector<std::string> kept;
    for (SelectionIndex row : *still) kept.push_back(std::move(keys[row]));
    rows.Slice(std::move(still));
    rows = CopyChunk(rows);
    HELIOS_TRY(what == ForeignKeyAction::kCascade ? writer.Delete(rows, kept)
                                                  : ChangeChildren(actions.front(), kept, rows));
    return query_.StageIfLarge();
  };
  HELIOS_TRY(WalkChildren(batch, act));
  // The default may be the very key that goes.
  if (what == ForeignKeyAction::kSetDefault) {
    checks_.insert(checks_.end(), actions.begin(), actions.end());
  }
  return Status::Ok();
}

// Does the actions at the front of the queue in one go where that pays. False: it does not.
Result<bool> ForeignKeys::TryBatch() {
  const Action& first = actions_.front();
  const plan::ReferencedByTarget& reference = first.target->referenced_by[first.reference];
  const ForeignKeyAction what = first.new_key.empty() ? reference.on_delete : reference.on_update;
  if (what == ForeignKeyAction::kNoAction) return false;
  const size_t count = BatchSize(actions_, 0);
  if (count == 0) return false;
  const auto end = actions_.begin() + static_cast<ptrdiff_t>(count);
  const std::vector<Action> actions(std::make_move_iterator(actions_.begin()),
                                    std::make_move_iterator(end));
  actions_.erase(actions_.begin(), end);
  if (what == ForeignKeyAction::kRestrict) {
    HELIOS_TRY(CheckBatch(actions, false));
  } else {
    HELIOS_TRY(ActOnBatch(actions));
  }
  return true;
}

}  // namespace helios::exec
