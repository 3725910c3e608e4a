#include "exec/internal/write/table_writer.h"

#include <algorithm>
#include <unordered_map>

#include "base/codec.h"
#include "exec/internal/scan.h"

namespace helios::exec {
namespace {

std::vector<ColumnId> ColumnIdsOf(const hidb::TableLayout& layout) {
  std::vector<ColumnId> ids;
  for (const hidb::ColumnLayout& column : layout.columns) ids.push_back(column.id);
  return ids;
}

}  // namespace

IndexEncoder::IndexEncoder(const plan::IndexTarget& target, expr::EvalContext& context)
    : target_(target), columns_(KeyColumnsOf(*target.layout)), parts_(target.parts, context) {
  if (target.predicate != nullptr) predicate_.emplace(*target.predicate, context);
}

Status IndexEncoder::Encode(const Chunk& rows, Entries* out) {
  const size_t count = rows.row_count();
  out->present.clear();
  if (predicate_) {
    Selection selected;
    HELIOS_TRY(predicate_->Select(rows, &selected));
    out->present.assign(count, false);
    for (SelectionIndex row : selected) out->present[row] = true;
  }
  HELIOS_TRY(parts_.Evaluate(rows, &out->values));
  out->parts.assign(count, std::string());
  out->has_null.assign(count, false);
  for (size_t row = 0; row < count; ++row) {
    if (!out->Has(row)) continue;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const Vector& value = out->values.column(i);
      HELIOS_TRY(AppendKey(columns_[i], value, row, &out->parts[row]));
      if (value.IsNull(row)) out->has_null[row] = true;
    }
  }
  return Status::Ok();
}

TableWriter::TableWriter(QueryState& query, const plan::WriteTarget& target)
    : query_(query),
      target_(target),
      key_columns_(KeyColumnsOf(*target.layout)),
      encoder_(ColumnIdsOf(*target.layout)),
      locker_(query, target.table, target.table_name) {
  for (const plan::IndexTarget& index : target.indexes) {
    indexes_.push_back(std::make_unique<IndexEncoder>(index, query.eval));
  }
  encoder_.set_writer(hidb::XidOf(query.context.txn));
  for (const plan::CheckTarget& check : target.checks) {
    checks_.emplace_back(*check.expression, query.eval);
  }
  for (const auto& [column, expression] : target.generated) {
    generated_.emplace_back(*expression, query.eval);
  }
}

TableWriter::~TableWriter() = default;

Status TableWriter::Prepare(Chunk* rows) {
  for (size_t i = 0; i < generated_.size(); ++i) {
    Vector value;
    HELIOS_TRY(generated_[i].Evaluate(*rows, &value));
    // The evaluator may write to its vector again for the next chunk: a copy of our own.
    rows->column(target_.generated[i].first) = CopyVector(value, nullptr, rows->row_count());
  }
  HELIOS_TRY(CheckNotNull(*rows));
  return CheckConstraints(*rows);
}

Status TableWriter::CheckNotNull(const Chunk& rows) {
  for (uint32_t column : target_.not_null_columns) {
    const Vector& values = rows.column(column);
    if (values.validity().AllValid()) continue;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (values.IsNull(row)) {
        return NotNullViolation(target_, column, rows, row, query_.eval.text_format);
      }
    }
  }
  return Status::Ok();
}

Status TableWriter::CheckConstraints(const Chunk& rows) {
  for (size_t i = 0; i < checks_.size(); ++i) {
    Vector result;
    HELIOS_TRY(checks_[i].Evaluate(rows, &result));
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (!result.IsNull(row) && result.At<uint8_t>(row) == 0) {
        return CheckViolation(target_, target_.checks[i], rows, row, query_.eval.text_format);
      }
    }
  }
  return Status::Ok();
}

Status TableWriter::MakeRowKeys(const Chunk& rows, std::vector<std::string>* keys) {
  const size_t count = rows.row_count();
  keys->assign(count, std::string());
  if (key_columns_.empty()) {
    HELIOS_TRY(uint64_t first,
               query_.context.storage->AllocateRowIds(target_.layout->space, count));
    for (size_t row = 0; row < count; ++row) AppendBigEndian<uint64_t>(&(*keys)[row], first + row);
    return Status::Ok();
  }
  for (size_t i = 0; i < key_columns_.size(); ++i) {
    const Vector& column = rows.column(target_.layout->key_columns[i]);
    for (size_t row = 0; row < count; ++row) {
      HELIOS_TRY(AppendKey(key_columns_[i], column, row, &(*keys)[row]));
    }
  }
  return Status::Ok();
}

Status TableWriter::LockForChange(const std::vector<std::string>& keys, hidb::RowLockMode mode) {
  HELIOS_TRY(const auto outcomes,
             locker_.LockStored(target_.layout->space, keys,
                                {.mode = mode, .snapshot = query_.context.snapshot}));
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].changed) continue;
    if (!query_.context.repeatable_read) {
      return Error(ErrorCode::kWriteConflict)
          .Message("could not serialize access due to concurrent update");
    }
    std::vector<std::string> key = {keys[i]};
    Chunk row;
    HELIOS_TRY(FetchNewest(&key, &row));
    return ConcurrentChange(key.empty());
  }
  return Status::Ok();
}

Status TableWriter::LockNewest(const std::vector<std::string>& keys, hidb::RowLockMode mode) {
  const bool is_bound = query_.context.repeatable_read;
  HELIOS_TRY(const auto outcomes,
             locker_.LockStored(
                 target_.layout->space, keys,
                 {.mode = mode, .snapshot = is_bound ? query_.context.snapshot : kTimestampMax}));
  const bool any_changed = std::any_of(outcomes.begin(), outcomes.end(),
                                       [](const hidb::RowLockOutcome& row) { return row.changed; });
  return any_changed ? ConcurrentChange(false) : Status::Ok();
}

Status TableWriter::FetchNewest(std::vector<std::string>* keys, Chunk* rows) {
  hidb::GetRequest request;
  request.table = target_.layout;
  request.row_keys = *keys;
  for (uint32_t i = 0; i < width(); ++i) request.columns.push_back(i);
  request.view = query_.NewestView();
  std::vector<bool> found;
  *rows = Chunk();
  HELIOS_TRY(query_.context.storage->Get(request, rows, &found));
  size_t kept = 0;
  for (size_t i = 0; i < keys->size(); ++i) {
    if (found[i]) std::swap((*keys)[kept++], (*keys)[i]);
  }
  keys->resize(kept);
  return Status::Ok();
}

// Whether anything lies between the smallest and the largest of several keys. Loads mostly come in
// key order behind what is there: one look spares one for each row.
Result<bool> TableWriter::MayExist(hidb::SpaceId space, const std::vector<std::string>& keys) {
  if (keys.size() < 4) return true;
  const auto [low, high] = std::minmax_element(keys.begin(), keys.end());
  return query_.context.storage->Exists(space, {*low, KeyPrefixEnd(*high)}, query_.NewestView(),
                                        nullptr);
}

Status TableWriter::CheckPrimaryKeys(const Chunk& rows, const std::vector<std::string>& keys) {
  if (key_columns_.empty()) return Status::Ok();
  HELIOS_TRY(locker_.LockNew(target_.layout->space, keys));
  std::vector<bool> found(keys.size(), false);
  HELIOS_TRY(bool possible, MayExist(target_.layout->space, keys));
  if (possible) {
    hidb::GetRequest request;
    request.table = target_.layout;
    request.row_keys = keys;
    request.view = query_.NewestView();
    Chunk existing;
    HELIOS_TRY(query_.context.storage->Get(request, &existing, &found));
  }
  // Keys that ascend strictly do not repeat.
  bool ascending = true;
  for (size_t row = 1; ascending && row < keys.size(); ++row) {
    ascending = keys[row - 1] < keys[row];
  }
  std::unordered_set<std::string_view> seen;
  for (size_t row = 0; row < keys.size(); ++row) {
    if (found[row] || (!ascending && !seen.insert(keys[row]).second)) {
      return PrimaryKeyViolation(target_, rows, row, query_.eval.text_format);
    }
  }
  return Status::Ok();
}

Status TableWriter::CheckUniqueRow(IndexEncoder& index, const IndexEncoder::Entries& entries,
                                   size_t row, const std::string& own_key) {
  if (index.target().deferrable) {
    return query_.NoteUnique(target_, index.target(), entries.values, row);
  }
  const std::string& parts = entries.parts[row];
  hidb::KeyRange range{parts, KeyPrefixEnd(parts)};
  std::string holder;
  HELIOS_TRY(bool taken, query_.context.storage->Exists(index.target().layout->space, range,
                                                        query_.NewestView(), &holder));
  if (taken && std::string_view(holder).substr(parts.size()) == own_key) {
    // Our own entry; there may be another behind it.
    range.begin = KeyPrefixEnd(holder);
    HELIOS_TRY(taken, query_.context.storage->Exists(index.target().layout->space, range,
                                                     query_.NewestView(), nullptr));
  }
  if (!taken) return Status::Ok();
  return UniqueViolation(target_, index.target(), entries.values, row, query_.eval.text_format);
}

// New rows: against everything stored and against each other.
Status TableWriter::CheckUnique(IndexEncoder& index, const IndexEncoder::Entries& entries,
                                const std::vector<std::string>& row_keys) {
  std::vector<std::string> locks;
  for (size_t row = 0; row < row_keys.size(); ++row) {
    if (index.IsExclusive(entries, row)) locks.push_back(entries.parts[row]);
  }
  HELIOS_TRY(locker_.LockNew(index.target().layout->space, locks));
  std::unordered_set<std::string_view> seen;
  const bool deferrable = index.target().deferrable;
  HELIOS_TRY(bool possible, MayExist(index.target().layout->space, locks));
  for (size_t row = 0; row < row_keys.size(); ++row) {
    if (!index.IsExclusive(entries, row)) continue;
    if (possible || deferrable) HELIOS_TRY(CheckUniqueRow(index, entries, row, row_keys[row]));
    if (!deferrable && !seen.insert(entries.parts[row]).second) {
      return UniqueViolation(target_, index.target(), entries.values, row, query_.eval.text_format);
    }
  }
  return Status::Ok();
}

Status TableWriter::PutRow(const Chunk& rows, size_t row, const std::string& key) {
  encoded_.clear();
  encoder_.Encode(rows, row, &encoded_);
  return query_.context.writes->Put(target_.layout->space, key, encoded_, query_.context.command);
}

Status TableWriter::PutEntry(const IndexEncoder& index, const std::string& parts,
                             const std::string& key) {
  entry_ = parts;
  entry_ += key;
  std::string value;
  AppendVarint(&value, parts.size());
  return query_.context.writes->Put(index.target().layout->space, entry_, value,
                                    query_.context.command);
}

Status TableWriter::DeleteEntry(const IndexEncoder& index, const std::string& parts,
                                const std::string& key) {
  entry_ = parts;
  entry_ += key;
  return query_.context.writes->Delete(index.target().layout->space, entry_,
                                       query_.context.command);
}

Status TableWriter::Insert(const Chunk& rows, const std::vector<std::string>& keys) {
  HELIOS_TRY(CheckPrimaryKeys(rows, keys));
  IndexEncoder::Entries entries;
  for (const auto& index : indexes_) {
    HELIOS_TRY(index->Encode(rows, &entries));
    if (index->target().layout->unique) HELIOS_TRY(CheckUnique(*index, entries, keys));
    for (size_t row = 0; row < keys.size(); ++row) {
      if (entries.Has(row)) HELIOS_TRY(PutEntry(*index, entries.parts[row], keys[row]));
    }
  }
  for (size_t row = 0; row < keys.size(); ++row) HELIOS_TRY(PutRow(rows, row, keys[row]));
  query_.context.writes->AddRowCount(target_.layout->space, static_cast<int64_t>(keys.size()),
                                     query_.context.command);
  return query_.NoteNewRows(target_, rows, nullptr, keys);
}

// Of rows whose keys are locked already. New keys, so that nobody else takes them; old ones, so
// that whoever wants them waits to see whether they are given up.
Status TableWriter::LockParts(const IndexEncoder& index, const IndexEncoder::Entries& entries,
                              const std::function<bool(size_t)>& is_wanted) {
  if (!index.target().layout->unique) return Status::Ok();
  std::vector<std::string> locks;
  for (size_t row = 0; row < entries.parts.size(); ++row) {
    if (is_wanted(row) && index.IsExclusive(entries, row)) locks.push_back(entries.parts[row]);
  }
  return locker_.LockNew(index.target().layout->space, locks);
}

Status TableWriter::Delete(const Chunk& old_rows, const std::vector<std::string>& keys) {
  IndexEncoder::Entries entries;
  for (const auto& index : indexes_) {
    HELIOS_TRY(index->Encode(old_rows, &entries));
    HELIOS_TRY(LockParts(*index, entries, [](size_t) { return true; }));
    for (size_t row = 0; row < keys.size(); ++row) {
      if (entries.Has(row)) HELIOS_TRY(DeleteEntry(*index, entries.parts[row], keys[row]));
    }
  }
  for (const std::string& key : keys) {
    HELIOS_TRY(query_.context.writes->Delete(target_.layout->space, key, query_.context.command));
  }
  query_.context.writes->AddRowCount(target_.layout->space, -static_cast<int64_t>(keys.size()),
                                     query_.context.command);
  return query_.NoteOldRows(target_, old_rows, nullptr);
}

Status TableWriter::Update(const Chunk& old_rows, const std::vector<std::string>& old_keys,
                           const Chunk& new_rows) {
  const size_t count = old_keys.size();
  std::vector<std::string> new_keys = old_keys;
  bool keys_change = false;
  if (!key_columns_.empty()) {
    HELIOS_TRY(MakeRowKeys(new_rows, &new_keys));
    keys_change = new_keys != old_keys;
  }
  std::vector<IndexEncoder::Entries> old_entries(indexes_.size()), new_entries(indexes_.size());
  for (size_t i = 0; i < indexes_.size(); ++i) {
    HELIOS_TRY(indexes_[i]->Encode(old_rows, &old_entries[i]));
    HELIOS_TRY(indexes_[i]->Encode(new_rows, &new_entries[i]));
  }
  if (keys_change) {
    std::vector<std::string> locks;
    for (size_t row = 0; row < count; ++row) {
      if (new_keys[row] != old_keys[row]) locks.push_back(new_keys[row]);
    }
    HELIOS_TRY(locker_.LockNew(target_.layout->space, locks));
  }
  for (size_t i = 0; i < indexes_.size(); ++i) {
    const auto is_moved = [&](size_t row) {
      return old_entries[i].Has(row) != new_entries[i].Has(row) ||
             old_entries[i].parts[row] != new_entries[i].parts[row];
    };
    HELIOS_TRY(LockParts(*indexes_[i], old_entries[i], is_moved));
    HELIOS_TRY(LockParts(*indexes_[i], new_entries[i], is_moved));
  }
  // Row by row, as PostgreSQL: a row may take the key that the row before it gave up.
  for (size_t row = 0; row < count; ++row) {
    const bool moves = new_keys[row] != old_keys[row];
    if (moves) {
      HELIOS_TRY(query_.context.writes->Delete(target_.layout->space, old_keys[row],
                                               query_.context.command));
      const hidb::KeyRange range{new_keys[row], KeyPrefixEnd(new_keys[row])};
      HELIOS_TRY(bool taken, query_.context.storage->Exists(target_.layout->space, range,
                                                            query_.NewestView(), nullptr));
      if (taken) return PrimaryKeyViolation(target_, new_rows, row, query_.eval.text_format);
    }
    for (size_t i = 0; i < indexes_.size(); ++i) {
      const bool had = old_entries[i].Has(row);
      const bool has = new_entries[i].Has(row);
      const bool same_parts = had && has && old_entries[i].parts[row] == new_entries[i].parts[row];
      if (same_parts && !moves) continue;
      if (had) HELIOS_TRY(DeleteEntry(*indexes_[i], old_entries[i].parts[row], old_keys[row]));
      if (!has) continue;
      if (!same_parts && indexes_[i]->IsExclusive(new_entries[i], row)) {
        HELIOS_TRY(CheckUniqueRow(*indexes_[i], new_entries[i], row, new_keys[row]));
      }
      HELIOS_TRY(PutEntry(*indexes_[i], new_entries[i].parts[row], new_keys[row]));
    }
    HELIOS_TRY(PutRow(new_rows, row, new_keys[row]));
  }
  HELIOS_TRY(query_.NoteNewRows(target_, new_rows, &old_rows, new_keys));
  return query_.NoteOldRows(target_, old_rows, &new_rows);
}

Status TableWriter::FindHolders(int32_t arbiter, const Chunk& rows,
                                std::optional<hidb::RowLockMode> lock_mode,
                                std::vector<std::string>* holders,
                                std::vector<std::string>* constraint_keys) {
  const size_t count = rows.row_count();
  holders->assign(count, std::string());
  if (arbiter < 0) {
    constraint_keys->clear();
    if (key_columns_.empty()) {
      constraint_keys->assign(count, std::string());
      return Status::Ok();
    }
    HELIOS_TRY(MakeRowKeys(rows, constraint_keys));
    HELIOS_TRY(locker_.LockNew(target_.layout->space, *constraint_keys));
    hidb::GetRequest request;
    request.table = target_.layout;
    request.row_keys = *constraint_keys;
    request.view = query_.NewestView();
    Chunk existing;
    std::vector<bool> found;
    HELIOS_TRY(query_.context.storage->Get(request, &existing, &found));
    for (size_t row = 0; row < count; ++row) {
      if (found[row]) (*holders)[row] = (*constraint_keys)[row];
    }
    return Status::Ok();
  }
  IndexEncoder& index = *indexes_[static_cast<size_t>(arbiter)];
  IndexEncoder::Entries entries;
  HELIOS_TRY(index.Encode(rows, &entries));
  constraint_keys->assign(count, std::string());
  for (size_t row = 0; row < count; ++row) {
    if (index.IsExclusive(entries, row)) (*constraint_keys)[row] = entries.parts[row];
  }
  if (lock_mode) {
    // Rows before their parts, as whoever changes a row locks them: waiting for a row with its
    // parts in hand would be a deadlock with a transaction that has the row and comes back to them.
    HELIOS_TRY(LookUpHolders(index, *constraint_keys, holders));
    std::vector<std::string> row_keys = *holders;
    std::erase(row_keys, std::string());
    HELIOS_TRY(locker_.LockStored(target_.layout->space, row_keys, {.mode = *lock_mode}).status());
  }
  HELIOS_TRY(LockParts(index, entries, [](size_t) { return true; }));
  return LookUpHolders(index, *constraint_keys, holders);
}

// `holders`: the row keys that the index has under each of `parts`; empty where it has none.
Status TableWriter::LookUpHolders(const IndexEncoder& index, const std::vector<std::string>& parts,
                                  std::vector<std::string>* holders) {
  const hidb::SpaceId space = index.target().layout->space;
  holders->assign(parts.size(), std::string());
  for (size_t row = 0; row < parts.size(); ++row) {
    if (parts[row].empty()) continue;
    std::string entry;
    HELIOS_TRY(const bool taken,
               query_.context.storage->Exists(space, {parts[row], KeyPrefixEnd(parts[row])},
                                              query_.NewestView(), &entry));
    if (taken) (*holders)[row] = entry.substr(parts[row].size());
  }
  return Status::Ok();
}

bool TableWriter::TouchesKeys(const std::vector<std::pair<uint32_t, expr::ExprPtr>>& set) const {
  const auto is_key = [this](const std::pair<uint32_t, expr::ExprPtr>& assignment) {
    const uint32_t column = assignment.first;
    const std::vector<uint32_t>& keys = target_.layout->key_columns;
    if (std::find(keys.begin(), keys.end(), column) != keys.end()) return true;
    for (const plan::IndexTarget& index : target_.indexes) {
      if (!index.layout->unique) continue;
      for (const hidb::IndexPart& part : index.layout->parts) {
        if (part.column == static_cast<int32_t>(column)) return true;
      }
    }
    return false;
  };
  return std::any_of(set.begin(), set.end(), is_key) ||
         std::any_of(target_.generated.begin(), target_.generated.end(), is_key);
}

}  // namespace helios::exec
