#include "exec/internal/write/foreign_keys.h"

#include <algorithm>
#include <unordered_set>

#include "exec/internal/scan.h"
#include "exec/internal/write/counted_keys.h"
#include "types/compare.h"
#include "types/io.h"

namespace helios::exec {
namespace {

// Parent keys noted at most before they are looked up: a bulk load must not keep them all.
constexpr size_t kPendingKeysMax = 65536;

// A row of key values as a chunk, for texts.
std::string TextOf(const std::vector<Value>& key, const TextFormat& format) {
  std::string text = "(";
  for (size_t i = 0; i < key.size(); ++i) {
    if (i > 0) text += ", ";
    if (key[i].is_null()) {
      text += "null";
      continue;
    }
    Result<std::string> value = FormatTextValue(key[i], format);
    text += value.ok() ? value.value() : "?";
  }
  return text + ")";
}

bool SameValue(const Vector& a, const Vector& b, size_t row) {
  if (a.IsNull(row) || b.IsNull(row)) return a.IsNull(row) && b.IsNull(row);
  return CompareRowsForSort(a, row, b, row, {}) == 0;
}

}  // namespace

// Keys of one reference that wait to be looked up.
struct ForeignKeys::ParentKeys {
  const plan::WriteTarget* target = nullptr;
  size_t index = 0;
  std::vector<KeyColumn> parts;
  std::vector<std::optional<Expression>> casts;
  std::unordered_set<std::string> pending;
  std::optional<RowLocker> locker;  // Of the parents.
};

ForeignKeys::ForeignKeys(QueryState& query) : query_(query) {}
ForeignKeys::~ForeignKeys() = default;

TableWriter& ForeignKeys::WriterOf(const plan::WriteTarget& target) {
  std::unique_ptr<TableWriter>& writer = writers_[&target];
  if (writer == nullptr) writer = std::make_unique<TableWriter>(query_, target);
  return *writer;
}

Status ForeignKeys::NoteNewRows(const plan::WriteTarget& target, const Chunk& rows,
                                const Chunk* old_rows, const std::vector<std::string>& row_keys) {
  for (size_t r = 0; r < target.references.size(); ++r) {
    const plan::ReferenceTarget& reference = target.references[r];
    const bool deferred =
        reference.deferrable && query_.context.deferred != nullptr &&
        query_.context.deferred->IsDeferred(reference.name, reference.initially_deferred);
    std::unique_ptr<ParentKeys>& keys = parents_[{&target, r}];
    if (keys == nullptr) {
      keys = std::make_unique<ParentKeys>();
      keys->target = &target;
      keys->index = r;
      keys->locker.emplace(query_, reference.parent, reference.parent_name);
      keys->parts = reference.parent_index != nullptr ? KeyColumnsOf(*reference.parent_index)
                                                      : KeyColumnsOf(*reference.parent_layout);
      for (const expr::ExprPtr& cast : reference.casts) {
        if (cast == nullptr) {
          keys->casts.emplace_back();
        } else {
          keys->casts.emplace_back(std::in_place, *cast, query_.eval);
        }
      }
      keys->casts.resize(reference.columns.size());
    }
    Chunk values;
    for (size_t i = 0; i < reference.columns.size(); ++i) {
      Vector value = rows.column(reference.columns[i]);
      if (keys->casts[i]) HELIOS_TRY(keys->casts[i]->Evaluate(rows, &value));
      values.AddColumn(std::move(value));
    }
    for (size_t row = 0; row < rows.row_count(); ++row) {
      size_t nulls = 0;
      bool same = old_rows != nullptr;
      for (size_t i = 0; i < reference.columns.size(); ++i) {
        const uint32_t column = reference.columns[i];
        nulls += rows.column(column).IsNull(row) ? 1 : 0;
        same = same && SameValue(rows.column(column), old_rows->column(column), row);
      }
      if (same || nulls == reference.columns.size() || (nulls > 0 && !reference.match_full)) {
        continue;
      }
      if (nulls > 0) {
        return Error(ErrorCode::kForeignKeyViolation)
            .Message("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
                     target.table_name, reference.name)
            .Detail("MATCH FULL does not allow mixing of null and nonnull key values.")
            .Schema(target.schema_name)
            .Table(target.table_name)
            .Constraint(reference.name);
      }
      if (deferred) {
        DeferredChecks::Check check;
        check.kind = DeferredChecks::Check::Kind::kReference;
        check.plan = query_.plan;
        check.target = &target;
        check.index = static_cast<int32_t>(r);
        check.row_key = row_keys[row];
        check.command = query_.context.command;
        HELIOS_TRY(query_.context.deferred->Add(std::move(check)));
        continue;
      }
      std::string key;
      for (size_t i = 0; i < keys->parts.size(); ++i) {
        HELIOS_TRY(AppendKey(keys->parts[i], values.column(i), row, &key));
      }
      keys->pending.insert(std::move(key));
    }
    if (keys->pending.size() > kPendingKeysMax) HELIOS_TRY(CheckPending(false));
  }
  return Status::Ok();
}

// Locks a parent's row. One that another transaction holds is waited for only if it is committed:
// a parent that is just being made does not count. False: not there, and not locked.
Result<bool> ForeignKeys::LockParent(const plan::ReferenceTarget& reference,
                                     const std::string& row_key, RowLocker& locker) {
  const hidb::SpaceId space = reference.parent_layout->space;
  const std::span<const std::string> keys(&row_key, 1);
  RowLocker::Options options{.mode = hidb::RowLockMode::kKeyShare,
                             .wait = hidb::LockWait::kSkipLocked};
  HELIOS_TRY(const auto outcomes, locker.LockStored(space, keys, options));
  if (!outcomes[0].skipped) return true;
  HELIOS_TRY(const bool present,
             query_.context.storage->Exists(space, {row_key, KeyPrefixEnd(row_key)},
                                            query_.NewestView(), nullptr));
  if (!present) return false;
  options.wait = hidb::LockWait::kWait;
  HELIOS_TRY(locker.LockStored(space, keys, options).status());
  return true;
}

Result<bool> ForeignKeys::ParentExists(const plan::ReferenceTarget& reference,
                                       const std::string& key, RowLocker& locker) {
  hidb::StorageService& storage = *query_.context.storage;
  const hidb::KeyRange range{key, KeyPrefixEnd(key)};
  if (reference.parent_index == nullptr) {
    HELIOS_TRY(const bool present, LockParent(reference, key, locker));
    if (!present) return false;
    return storage.Exists(reference.parent_layout->space, range, query_.NewestView(), nullptr);
  }
  // The index names the row; it may change until the row is locked, so look again after that.
  std::string locked;
  while (true) {
    HELIOS_TRY(query_.CheckCanceled());
    std::string entry;
    HELIOS_TRY(bool found,
               storage.Exists(reference.parent_index->space, range, query_.NewestView(), &entry));
    if (!found) return false;
    std::string row_key = entry.substr(key.size());
    if (row_key == locked) return true;
    HELIOS_TRY(const bool present, LockParent(reference, row_key, locker));
    if (!present) return false;
    locked = std::move(row_key);
  }
}

// Locks and looks up parents by their primary key, many at a time; `found` says which are there.
Status ForeignKeys::FindParents(ParentKeys& parents, std::span<const std::string> keys,
                                std::vector<bool>* found) {
  const plan::ReferenceTarget& reference = parents.target->references[parents.index];
  if (reference.parent_index != nullptr) {
    found->clear();
    for (const std::string& key : keys) {
      HELIOS_TRY(bool exists, ParentExists(reference, key, *parents.locker));
      found->push_back(exists);
    }
    return Status::Ok();
  }
  const hidb::SpaceId space = reference.parent_layout->space;
  HELIOS_TRY(const auto outcomes,
             parents.locker->LockStored(
                 space, keys,
                 {.mode = hidb::RowLockMode::kKeyShare, .wait = hidb::LockWait::kSkipLocked}));
  // A key that cannot be had stays unlocked if no committed row has it: the lookup below must then
  // not find what is committed in between.
  std::vector<bool> missing(keys.size(), false);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!outcomes[i].skipped) continue;
    HELIOS_TRY(const bool present, LockParent(reference, keys[i], *parents.locker));
    missing[i] = !present;
  }
  hidb::GetRequest request;
  request.table = reference.parent_layout;
  request.row_keys.assign(keys.begin(), keys.end());
  request.view = query_.NewestView();
  Chunk rows;
  HELIOS_TRY(query_.context.storage->Get(request, &rows, found));
  for (size_t i = 0; i < missing.size(); ++i) {
    if (missing[i]) (*found)[i] = false;
  }
  return Status::Ok();
}

// The error for a key without a parent.
Status ForeignKeys::NoParent(const ParentKeys& keys, std::string_view key) {
  const plan::ReferenceTarget& reference = keys.target->references[keys.index];
  std::vector<Value> values;
  for (const KeyColumn& part : keys.parts) {
    Vector value(part.type, part.physical);
    HELIOS_TRY(DecodeKey(part, &key, &value, 0));
    values.push_back(Value::FromVector(value, 0));
  }
  return Error(ErrorCode::kForeignKeyViolation)
      .Message("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
               keys.target->table_name, reference.name)
      .Detail("Key {}={} is not present in table \"{}\".",
              DescribeNames(*keys.target, reference.columns),
              TextOf(values, query_.eval.text_format), reference.parent_name)
      .Schema(keys.target->schema_name)
      .Table(keys.target->table_name)
      .Constraint(reference.name);
}

// Looks up what waits. Not `final`: parents that are missing may still come.
Status ForeignKeys::CheckPending(bool final) {
  for (auto& [id, keys] : parents_) {
    // In key order, so that transactions lock parents in one order.
    std::vector<std::string> order(keys->pending.begin(), keys->pending.end());
    std::sort(order.begin(), order.end());
    std::vector<bool> found;
    for (size_t first = 0; first < order.size(); first += kVectorRowsMax) {
      HELIOS_TRY(query_.CheckCanceled());
      const std::span<const std::string> batch(order.data() + first,
                                               std::min(kVectorRowsMax, order.size() - first));
      HELIOS_TRY(FindParents(*keys, batch, &found));
      for (size_t i = 0; i < batch.size(); ++i) {
        if (found[i]) {
          keys->pending.erase(batch[i]);
        } else if (final) {
          return NoParent(*keys, batch[i]);
        }
      }
    }
  }
  return Status::Ok();
}

Status ForeignKeys::CheckReference(const plan::WriteTarget& target, size_t reference,
                                   const Chunk& rows, size_t row) {
  const plan::ReferenceTarget& info = target.references[reference];
  const std::vector<KeyColumn> parts = info.parent_index != nullptr
                                           ? KeyColumnsOf(*info.parent_index)
                                           : KeyColumnsOf(*info.parent_layout);
  std::string key;
  for (size_t i = 0; i < info.columns.size(); ++i) {
    Vector value = rows.column(info.columns[i]);
    if (value.IsNull(row)) return Status::Ok();
    if (i < info.casts.size() && info.casts[i] != nullptr) {
      Expression cast(*info.casts[i], query_.eval);
      HELIOS_TRY(cast.Evaluate(rows, &value));
    }
    HELIOS_TRY(AppendKey(parts[i], value, row, &key));
  }
  RowLocker locker(query_, info.parent, info.parent_name);
  HELIOS_TRY(bool exists, ParentExists(info, key, locker));
  if (exists) return Status::Ok();
  return Error(ErrorCode::kForeignKeyViolation)
      .Message("insert or update on table \"{}\" violates foreign key constraint \"{}\"",
               target.table_name, info.name)
      .Detail("Key {}={} is not present in table \"{}\".", DescribeNames(target, info.columns),
              DescribeValues(rows, info.columns, row, query_.eval.text_format), info.parent_name)
      .Schema(target.schema_name)
      .Table(target.table_name)
      .Constraint(info.name);
}

Status ForeignKeys::NoteOldRows(const plan::WriteTarget& target, const Chunk& old_rows,
                                const Chunk* new_rows) {
  for (size_t r = 0; r < target.referenced_by.size(); ++r) {
    const plan::ReferencedByTarget& reference = target.referenced_by[r];
    for (size_t row = 0; row < old_rows.row_count(); ++row) {
      bool null = false;
      bool same = new_rows != nullptr;
      for (uint32_t column : reference.key_columns) {
        null |= old_rows.column(column).IsNull(row);
        same = same && SameValue(old_rows.column(column), new_rows->column(column), row);
      }
      if (null || same) continue;
      Action action{&target, r, {}, {}};
      for (uint32_t column : reference.key_columns) {
        action.old_key.push_back(Value::FromVector(old_rows.column(column), row));
        if (new_rows != nullptr) {
          action.new_key.push_back(Value::FromVector(new_rows->column(column), row));
        }
      }
      const size_t bytes = BytesOf(action.old_key) + BytesOf(action.new_key);
      HELIOS_TRY(query_.note_memory.Add(sizeof(action) + bytes));
      actions_.push_back(std::move(action));
    }
  }
  return Status::Ok();
}

Status ForeignKeys::FindChildren(const plan::ReferencedByTarget& reference,
                                 const std::vector<Value>& key, bool lock,
                                 std::vector<std::string>* keys, std::vector<Chunk>* rows) {
  OperatorPtr& finder = finders_[reference.find_children.get()];
  if (finder == nullptr) {
    HELIOS_TRY(finder, BuildOperator(query_, *reference.find_children));
  }
  for (size_t i = 0; i < reference.slots.size(); ++i) query_.slots[reference.slots[i]] = key[i];
  std::unordered_set<std::string> locked;
  while (true) {
    keys->clear();
    rows->clear();
    {
      QueryState::NewestScope newest(query_);
      HELIOS_TRY(finder->Open());
      Chunk chunk;
      while (true) {
        HELIOS_TRY(finder->Next(&chunk));
        if (chunk.row_count() == 0) break;
        const size_t key_column = chunk.column_count() - 1;
        for (size_t row = 0; row < chunk.row_count(); ++row) {
          keys->emplace_back(chunk.column(key_column).View(row));
        }
        chunk.columns().pop_back();
        rows->push_back(CopyChunk(chunk));
        if (!lock) return Status::Ok();  // One is enough.
      }
    }
    bool all_locked = true;
    for (const std::string& row_key : *keys) all_locked &= locked.count(row_key) > 0;
    if (all_locked) return Status::Ok();
    // Others may have changed the rows before the lock was ours: look again under the locks.
    TableWriter& writer = WriterOf(*reference.child_target);
    HELIOS_TRY(writer.LockNewest(*keys, hidb::RowLockMode::kUpdate));
    locked.insert(keys->begin(), keys->end());
  }
}

Result<bool> ForeignKeys::HasChild(const plan::ReferencedByTarget& reference,
                                   const std::vector<Value>& key) {
  std::vector<std::string> keys;
  std::vector<Chunk> rows;
  HELIOS_TRY(FindChildren(reference, key, false, &keys, &rows));
  return !keys.empty();
}

// Whether some row has the key after all: put there again by the same transaction.
Result<bool> ForeignKeys::KeyIsBack(const plan::WriteTarget& target,
                                    const plan::ReferencedByTarget& reference,
                                    const std::vector<Value>& key) {
  const auto lookup = [&](hidb::SpaceId space, const std::vector<KeyColumn>& columns,
                          const std::vector<uint32_t>& positions) -> Result<bool> {
    std::string prefix;
    for (size_t i = 0; i < positions.size(); ++i) {
      HELIOS_TRY(AppendKey(columns[i], key[positions[i]], &prefix));
    }
    return query_.context.storage->Exists(space, {prefix, KeyPrefixEnd(prefix)},
                                          query_.NewestView(), nullptr);
  };
  // Where each wanted column lies in the key; false when the columns are not the key's.
  const auto match = [&](const std::vector<uint32_t>& columns, std::vector<uint32_t>* positions) {
    if (columns.size() != reference.key_columns.size()) return false;
    for (uint32_t column : columns) {
      const auto at = std::find(reference.key_columns.begin(), reference.key_columns.end(), column);
      if (at == reference.key_columns.end()) return false;
      positions->push_back(static_cast<uint32_t>(at - reference.key_columns.begin()));
    }
    return true;
  };
  std::vector<uint32_t> positions;
  if (match(target.layout->key_columns, &positions)) {
    return lookup(target.layout->space, KeyColumnsOf(*target.layout), positions);
  }
  for (const plan::IndexTarget& index : target.indexes) {
    if (!index.layout->unique || index.predicate != nullptr) continue;
    std::vector<uint32_t> columns;
    for (const hidb::IndexPart& part : index.layout->parts) {
      columns.push_back(static_cast<uint32_t>(part.column));
    }
    positions.clear();
    if (match(columns, &positions)) {
      return lookup(index.layout->space, KeyColumnsOf(*index.layout), positions);
    }
  }
  return false;
}

Status ForeignKeys::StillReferenced(const plan::WriteTarget& target,
                                    const plan::ReferencedByTarget& reference,
                                    const std::vector<Value>& key) {
  return Error(ErrorCode::kForeignKeyViolation)
      .Message(
          "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table "
          "\"{}\"",
          target.table_name, reference.name, reference.child_name)
      .Detail("Key {}={} is still referenced from table \"{}\".",
              DescribeNames(target, reference.key_columns), TextOf(key, query_.eval.text_format),
              reference.child_name)
      .Schema(reference.child_target != nullptr ? reference.child_target->schema_name
                                                : target.schema_name)
      .Table(reference.child_name)
      .Constraint(reference.name);
}

Status ForeignKeys::CheckReferencedBy(const plan::WriteTarget& target, size_t index,
                                      const std::vector<Value>& key) {
  const plan::ReferencedByTarget& reference = target.referenced_by[index];
  HELIOS_TRY(bool back, KeyIsBack(target, reference, key));
  if (back) return Status::Ok();
  HELIOS_TRY(bool child, HasChild(reference, key));
  return child ? StillReferenced(target, reference, key) : Status::Ok();
}

Status ForeignKeys::Act(const Action& action) {
  using ForeignKeyAction = catalog::ForeignKeyAction;
  const plan::ReferencedByTarget& reference = action.target->referenced_by[action.reference];
  const ForeignKeyAction what = action.new_key.empty() ? reference.on_delete : reference.on_update;
  if (what == ForeignKeyAction::kNoAction) {
    checks_.push_back(action);
    return Status::Ok();
  }
  if (what == ForeignKeyAction::kRestrict) {
    HELIOS_TRY(bool child, HasChild(reference, action.old_key));
    return child ? StillReferenced(*action.target, reference, action.old_key) : Status::Ok();
  }
  std::vector<std::string> keys;
  std::vector<Chunk> chunks;
  HELIOS_TRY(FindChildren(reference, action.old_key, true, &keys, &chunks));
  size_t first = 0;
  for (const Chunk& rows : chunks) {
    HELIOS_TRY(query_.CheckCanceled());
    const std::vector<std::string> part(
        keys.begin() + static_cast<ptrdiff_t>(first),
        keys.begin() + static_cast<ptrdiff_t>(first + rows.row_count()));
    first += rows.row_count();
    if (what == ForeignKeyAction::kCascade && action.new_key.empty()) {
      HELIOS_TRY(WriterOf(*reference.child_target).Delete(rows, part));
    } else {
      HELIOS_TRY(ChangeChildren(action, part, rows));
    }
    HELIOS_TRY(query_.StageIfLarge());
  }
  // The default may be the very key that goes.
  if (what == ForeignKeyAction::kSetDefault) checks_.push_back(action);
  return Status::Ok();
}

// SET NULL, SET DEFAULT, and ON UPDATE CASCADE.
Status ForeignKeys::ChangeChildren(const Action& action, const std::vector<std::string>& keys,
                                   const Chunk& rows) {
  using ForeignKeyAction = catalog::ForeignKeyAction;
  const plan::ReferencedByTarget& reference = action.target->referenced_by[action.reference];
  const ForeignKeyAction what = action.new_key.empty() ? reference.on_delete : reference.on_update;
  const hidb::TableLayout& layout = *reference.child_target->layout;
  Chunk changed = rows;
  const auto set = [&](uint32_t column, const Value& value) {
    const hidb::ColumnLayout& info = layout.columns[column];
    Vector constant =
        value.is_null() ? Vector::ConstantNull(info.type, info.physical) : value.ToConstant();
    constant.SetType(info.type);
    changed.column(column) = std::move(constant);
  };
  if (what == ForeignKeyAction::kCascade) {
    for (size_t i = 0; i < reference.child_columns.size(); ++i) {
      set(reference.child_columns[i], action.new_key[i]);
    }
  } else {
    const std::vector<uint32_t>& columns =
        reference.set_columns.empty() ? reference.child_columns : reference.set_columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      Value value = Value::Null(layout.columns[columns[i]].type);
      if (what == ForeignKeyAction::kSetDefault && i < reference.set_defaults.size() &&
          reference.set_defaults[i] != nullptr) {
        HELIOS_TRY(value, expr::EvaluateConstant(*reference.set_defaults[i], query_.eval));
      }
      set(columns[i], value);
    }
  }
  TableWriter& writer = WriterOf(*reference.child_target);
  HELIOS_TRY(writer.Prepare(&changed));
  return writer.Update(rows, keys, changed);
}

Status ForeignKeys::Finish() {
  while (!actions_.empty()) {
    HELIOS_TRY(const bool batched, TryBatch());
    if (batched) continue;
    const Action action = std::move(actions_.front());
    actions_.pop_front();
    HELIOS_TRY(Act(action));
  }
  HELIOS_TRY(CheckPending(true));
  std::vector<Action> checks = std::move(checks_);
  checks_.clear();
  for (size_t at = 0; at < checks.size(); ++at) {
    const Action& action = checks[at];
    const plan::ReferencedByTarget& reference = action.target->referenced_by[action.reference];
    if (reference.deferrable && query_.context.deferred != nullptr &&
        query_.context.deferred->IsDeferred(reference.name, reference.initially_deferred)) {
      DeferredChecks::Check check;
      check.kind = DeferredChecks::Check::Kind::kReferencedBy;
      check.plan = query_.plan;
      check.target = action.target;
      check.index = static_cast<int32_t>(action.reference);
      check.key = action.old_key;
      check.command = query_.context.command;
      HELIOS_TRY(query_.context.deferred->Add(std::move(check)));
      continue;
    }
    if (const size_t count = BatchSize(checks, at); count > 0) {
      HELIOS_TRY(CheckBatch(std::span<const Action>(checks).subspan(at, count), true));
      at += count - 1;
      continue;
    }
    HELIOS_TRY(CheckReferencedBy(*action.target, action.reference, action.old_key));
  }
  return Status::Ok();
}

}  // namespace helios::exec
