#include <algorithm>
#include <optional>
#include <unordered_set>

#include "exec/internal/operators.h"
#include "exec/internal/write/counted_keys.h"
#include "exec/internal/write/writer.h"

namespace helios::exec {
namespace {

class Insert : public Writer {
 public:
  Insert(QueryState& query, const plan::InsertNode& node, OperatorPtr child)
      : Writer(query, node, std::move(child), *node.target, node.returning, node.has_returning),
        insert_(node),
        mode_(writer_.TouchesKeys(node.set) ? hidb::RowLockMode::kUpdate
                                            : hidb::RowLockMode::kNoKeyUpdate) {
    for (const auto& [column, expression] : node.set) set_.emplace_back(*expression, query.eval);
    if (node.set_where != nullptr) where_.emplace(*node.set_where, query.eval);
    if (node.check_option != nullptr) check_option_.emplace(*node.check_option, query.eval);
    moves_arbiter_ = MovesArbiter();
  }

 protected:
  Status DoOpen() override {
    touched_.Clear();
    return Writer::DoOpen();
  }

  Status Write(Chunk& rows, Chunk* written) override {
    HELIOS_TRY(writer_.Prepare(&rows));
    switch (insert_.on_conflict) {
      case plan::InsertNode::OnConflict::kError:
        break;
      case plan::InsertNode::OnConflict::kNothing:
        HELIOS_TRY(DropConflicting(&rows));
        break;
      case plan::InsertNode::OnConflict::kUpdate:
        return InsertOrUpdate(rows, written);
    }
    *written = rows;
    if (rows.row_count() == 0) return Status::Ok();
    std::vector<std::string> row_keys;
    HELIOS_TRY(Add(rows, &row_keys));
    AddSystemColumns(row_keys, 0, written);
    return Status::Ok();
  }

 private:
  // What RETURNING may ask of a row besides its columns.
  void AddSystemColumns(const std::vector<std::string>& row_keys, uint32_t xmax, Chunk* rows) {
    if (!insert_.with_system_columns) return;
    Vector keys(SqlType{type_oid::kBytea});
    Vector xmaxes(SqlType{type_oid::kXid});
    for (size_t row = 0; row < row_keys.size(); ++row) {
      keys.SetString(row, row_keys[row]);
      xmaxes.Set<uint32_t>(row, xmax);
    }
    rows->AddColumn(std::move(keys));
    rows->AddColumn(std::move(xmaxes));
  }

  Status Add(const Chunk& rows, std::vector<std::string>* row_keys) {
    HELIOS_TRY(
        CheckOption(check_option_, insert_.check_option_view, rows, query_.eval.text_format));
    std::vector<std::string> keys;
    HELIOS_TRY(writer_.MakeRowKeys(rows, &keys));
    HELIOS_TRY(writer_.Insert(rows, keys));
    if (row_keys != nullptr) *row_keys = std::move(keys);
    return Status::Ok();
  }

  // REPEATABLE READ: a row in the way that this transaction cannot see.
  Status RefuseUnseen(const std::vector<std::string>& holders) {
    if (!query_.context.repeatable_read) return Status::Ok();
    hidb::GetRequest request;
    request.table = insert_.target->layout;
    for (const std::string& holder : holders) {
      if (!holder.empty()) request.row_keys.push_back(holder);
    }
    if (request.row_keys.empty()) return Status::Ok();
    request.view = {query_.context.snapshot, query_.context.writes, query_.context.command + 1};
    Chunk existing;
    std::vector<bool> found;
    HELIOS_TRY(query_.context.storage->Get(request, &existing, &found));
    return std::find(found.begin(), found.end(), false) == found.end() ? Status::Ok()
                                                                       : ConcurrentChange(false);
  }

  // DO NOTHING: keeps the rows that nothing stored, and no kept row before them, stands in the way
  // of.
  Status DropConflicting(Chunk* rows) {
    const size_t count = rows->row_count();
    std::vector<int32_t> arbiters;
    if (insert_.arbiter) {
      arbiters.push_back(*insert_.arbiter);
    } else {
      arbiters.push_back(-1);
      for (size_t i = 0; i < insert_.target->indexes.size(); ++i) {
        if (insert_.target->indexes[i].layout->unique) arbiters.push_back(static_cast<int32_t>(i));
      }
    }
    std::vector<bool> drop(count, false);
    std::vector<std::vector<std::string>> keys(arbiters.size());
    for (size_t i = 0; i < arbiters.size(); ++i) {
      std::vector<std::string> holders;
      HELIOS_TRY(writer_.FindHolders(arbiters[i], *rows, std::nullopt, &holders, &keys[i]));
      HELIOS_TRY(RefuseUnseen(holders));
      for (size_t row = 0; row < count; ++row) {
        if (!keys[i][row].empty() && !holders[row].empty()) drop[row] = true;
      }
    }
    std::vector<std::unordered_set<std::string_view>> seen(arbiters.size());
    auto kept = std::make_shared<Selection>();
    for (size_t row = 0; row < count; ++row) {
      for (size_t i = 0; i < arbiters.size() && !drop[row]; ++i) {
        drop[row] = !keys[i][row].empty() && seen[i].contains(keys[i][row]);
      }
      if (drop[row]) continue;
      for (size_t i = 0; i < arbiters.size(); ++i) seen[i].insert(keys[i][row]);
      kept->push_back(static_cast<SelectionIndex>(row));
    }
    if (kept->size() < count) rows->Slice(std::move(kept));
    return Status::Ok();
  }

  // Whether an update may change what decides who is in the way.
  bool MovesArbiter() const {
    const auto is_set = [this](int32_t column) {
      return std::any_of(insert_.set.begin(), insert_.set.end(), [column](const auto& set) {
        return static_cast<int32_t>(set.first) == column;
      });
    };
    if (insert_.arbiter.value_or(-1) < 0) {
      const std::vector<uint32_t>& keys = insert_.target->layout->key_columns;
      return std::any_of(keys.begin(), keys.end(),
                         [&](uint32_t key) { return is_set(static_cast<int32_t>(key)); });
    }
    const auto& parts =
        insert_.target->indexes[static_cast<size_t>(*insert_.arbiter)].layout->parts;
    return std::any_of(parts.begin(), parts.end(), [&](const hidb::IndexPart& part) {
      return part.column < 0 || is_set(part.column);
    });
  }

  // Proposed rows with the same key come one after the other: the later one meets what became of
  // the row before it.
  Status InsertOrUpdate(const Chunk& rows, Chunk* written) {
    const size_t count = rows.row_count();
    std::vector<std::string> holders, keys;
    HELIOS_TRY(FindHolders(rows, &holders, &keys));
    std::vector<size_t> ends;  // Of runs of rows whose keys differ.
    std::unordered_set<std::string_view> seen;
    for (size_t row = 0; row < count; ++row) {
      if (row == 0 || (!moves_arbiter_ && (keys[row].empty() || seen.insert(keys[row]).second))) {
        if (row == 0) seen.insert(keys[row]);
        continue;
      }
      ends.push_back(row);
      seen = {keys[row]};
    }
    if (ends.empty()) return WriteDistinct(rows, holders, written);
    ends.push_back(count);
    *written = Chunk();
    size_t begin = 0;
    for (const size_t end : ends) {
      auto run = std::make_shared<Selection>();
      for (; begin < end; ++begin) run->push_back(static_cast<SelectionIndex>(begin));
      Chunk part = rows;
      part.Slice(std::move(run));
      HELIOS_TRY(FindHolders(part, &holders, &keys));
      Chunk changed;
      HELIOS_TRY(WriteDistinct(part, holders, &changed));
      if (changed.row_count() == 0) continue;
      if (written->row_count() == 0) {
        *written = CopyChunk(changed);
      } else {
        AppendRows(changed, 0, kVectorRowsMax, written);
      }
    }
    return Status::Ok();
  }

  Status FindHolders(const Chunk& rows, std::vector<std::string>* holders,
                     std::vector<std::string>* keys) {
    holders->clear();
    keys->clear();
    return writer_.FindHolders(insert_.arbiter.value_or(-1), rows, mode_, holders, keys);
  }

  // Inserts the rows that nothing stands in the way of and updates what stands in the others' way.
  Status WriteDistinct(const Chunk& rows, const std::vector<std::string>& holders, Chunk* written) {
    auto fresh = std::make_shared<Selection>();
    auto taken = std::make_shared<Selection>();
    std::vector<std::string> taken_keys;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (holders[row].empty()) {
        fresh->push_back(static_cast<SelectionIndex>(row));
        continue;
      }
      if (touched_.Contains(holders[row])) {
        return Error(ErrorCode::kCardinalityViolation)
            .Message("ON CONFLICT DO UPDATE command cannot affect row a second time")
            .Hint(
                "Ensure that no rows proposed for insertion within the same command have "
                "duplicate constrained values.");
      }
      taken->push_back(static_cast<SelectionIndex>(row));
      taken_keys.push_back(holders[row]);
    }
    HELIOS_TRY(RefuseUnseen(taken_keys));
    Chunk inserted;
    if (!fresh->empty()) {
      inserted = rows;
      inserted.Slice(fresh);
      std::vector<std::string> row_keys;
      HELIOS_TRY(Add(inserted, &row_keys));
      AddSystemColumns(row_keys, 0, &inserted);
      for (const std::string& key : row_keys) HELIOS_TRY(touched_.Insert(key).status());
    }
    Chunk updated;
    if (!taken->empty()) {
      Chunk proposed = rows;
      proposed.Slice(taken);
      HELIOS_TRY(UpdateHolders(proposed, std::move(taken_keys), &updated));
    }
    if (updated.row_count() == 0) {
      *written = std::move(inserted);
    } else if (inserted.row_count() == 0) {
      *written = std::move(updated);
    } else {
      Chunk all = CopyChunk(inserted);
      AppendRows(updated, 0, kVectorRowsMax, &all);
      *written = std::move(all);
    }
    return Status::Ok();
  }

  // Changes the rows in the way; `proposed` (EXCLUDED) has one row for each key.
  Status UpdateHolders(const Chunk& proposed, std::vector<std::string> keys, Chunk* updated) {
    HELIOS_TRY(writer_.LockNewest(keys, mode_));
    Chunk existing;
    std::vector<std::string> found = keys;
    HELIOS_TRY(writer_.FetchNewest(&found, &existing));
    if (found.size() != keys.size()) {
      // Their keys are locked, so they cannot have gone.
      return Error(ErrorCode::kIndexCorrupted)
          .Message("a unique index of table \"{}\" names a row that is not there",
                   insert_.target->table_name);
    }
    Chunk both = existing;
    for (const Vector& column : proposed.columns()) both.AddColumn(column);
    if (where_) {
      auto passed = std::make_shared<Selection>();
      HELIOS_TRY(where_->Select(both, passed.get()));
      if (passed->empty()) return Status::Ok();
      std::vector<std::string> kept;
      for (SelectionIndex row : *passed) kept.push_back(keys[row]);
      keys = std::move(kept);
      both.Slice(std::move(passed));
    }
    const Chunk old_rows = FirstColumns(both, writer_.width());
    Chunk new_rows = old_rows;
    for (size_t i = 0; i < set_.size(); ++i) {
      Vector value;
      HELIOS_TRY(set_[i].Evaluate(both, &value));
      new_rows.column(insert_.set[i].first) = std::move(value);
    }
    HELIOS_TRY(writer_.Prepare(&new_rows));
    HELIOS_TRY(
        CheckOption(check_option_, insert_.check_option_view, new_rows, query_.eval.text_format));
    HELIOS_TRY(writer_.Update(old_rows, keys, new_rows));
    if (!insert_.target->layout->key_columns.empty()) {
      HELIOS_TRY(writer_.MakeRowKeys(new_rows, &keys));
    }
    for (const std::string& key : keys) HELIOS_TRY(touched_.Insert(key).status());
    *updated = std::move(new_rows);
    AddSystemColumns(keys, hidb::XidOf(query_.context.txn), updated);
    return Status::Ok();
  }

  const plan::InsertNode& insert_;
  const hidb::RowLockMode mode_;  // For the rows that DO UPDATE changes.
  std::vector<Expression> set_;
  std::optional<expr::Evaluator> where_;
  std::optional<Expression> check_option_;
  bool moves_arbiter_ = false;
  CountedKeys touched_{query_.memory()};  // Row keys that DO UPDATE must not meet again.
};

// Rows to change, locked: the child's rows without those that name a row again or name none.
class RowChanger : public Writer {
 public:
  using Writer::Writer;

 protected:
  Status DoOpen() override {
    seen_.Clear();
    check_repeats_ = !GivesRowsOnce(*node_.children[0]);
    return Writer::DoOpen();
  }

  // Fills `keys`, drops rows from `rows`, locks.
  Status TakeRows(Chunk* rows, hidb::RowLockMode mode, std::vector<std::string>* keys) {
    const size_t count = rows->row_count();
    const Vector& column = rows->column(writer_.width());
    auto kept = std::make_shared<Selection>();
    keys->clear();
    for (size_t row = 0; row < count; ++row) {
      if (column.IsNull(row)) continue;
      std::string key(column.View(row));
      // Of several matches PostgreSQL takes one; which is not said.
      if (check_repeats_) {
        HELIOS_TRY(const bool is_new, seen_.Insert(key));
        if (!is_new) continue;
      }
      kept->push_back(static_cast<SelectionIndex>(row));
      keys->push_back(std::move(key));
    }
    if (kept->size() < count) rows->Slice(std::move(kept));
    return writer_.LockForChange(*keys, mode);
  }

  // Whether a subtree shows each table row at most once: a scan, filtered.
  static bool GivesRowsOnce(const plan::Node& node) {
    switch (node.kind) {
      case plan::NodeKind::kScan:
        return true;
      case plan::NodeKind::kFilter:
      case plan::NodeKind::kProject:
      case plan::NodeKind::kSort:
      case plan::NodeKind::kLimit:
        return GivesRowsOnce(*node.children[0]);
      case plan::NodeKind::kJoin: {
        const auto type = static_cast<const plan::JoinNode&>(node).join_type;
        return (type == plan::JoinType::kSemi || type == plan::JoinType::kAnti ||
                type == plan::JoinType::kMark || type == plan::JoinType::kSingle) &&
               GivesRowsOnce(*node.children[0]);
      }
      default:
        return false;
    }
  }

 private:
  CountedKeys seen_{query_.memory()};
  bool check_repeats_ = true;
};

class Update : public RowChanger {
 public:
  Update(QueryState& query, const plan::UpdateNode& node, OperatorPtr child)
      : RowChanger(query, node, std::move(child), *node.target, node.returning, node.has_returning),
        update_(node),
        mode_(writer_.TouchesKeys(node.set) ? hidb::RowLockMode::kUpdate
                                            : hidb::RowLockMode::kNoKeyUpdate) {
    for (const auto& [column, expression] : node.set) set_.emplace_back(*expression, query.eval);
    if (node.check_option != nullptr) check_option_.emplace(*node.check_option, query.eval);
  }

 protected:
  Status Write(Chunk& rows, Chunk* written) override {
    std::vector<std::string> keys;
    HELIOS_TRY(TakeRows(&rows, mode_, &keys));
    *written = Chunk();
    if (keys.empty()) return Status::Ok();
    const Chunk old_rows = FirstColumns(rows, writer_.width());
    Chunk new_rows = old_rows;
    for (size_t i = 0; i < set_.size(); ++i) {
      Vector value;
      HELIOS_TRY(set_[i].Evaluate(rows, &value));
      new_rows.column(update_.set[i].first) = std::move(value);
    }
    HELIOS_TRY(writer_.Prepare(&new_rows));
    HELIOS_TRY(
        CheckOption(check_option_, update_.check_option_view, new_rows, query_.eval.text_format));
    HELIOS_TRY(writer_.Update(old_rows, keys, new_rows));
    *written = std::move(new_rows);
    for (size_t i = writer_.width() + 1; i < rows.column_count(); ++i) {
      written->AddColumn(rows.column(i));
    }
    return Status::Ok();
  }

 private:
  const plan::UpdateNode& update_;
  const hidb::RowLockMode mode_;
  std::vector<Expression> set_;
  std::optional<Expression> check_option_;
};

class Delete : public RowChanger {
 public:
  Delete(QueryState& query, const plan::DeleteNode& node, OperatorPtr child)
      : RowChanger(query, node, std::move(child), *node.target, node.returning,
                   node.has_returning) {}

 protected:
  Status Write(Chunk& rows, Chunk* written) override {
    std::vector<std::string> keys;
    HELIOS_TRY(TakeRows(&rows, hidb::RowLockMode::kUpdate, &keys));
    *written = Chunk();
    if (keys.empty()) return Status::Ok();
    *written = FirstColumns(rows, writer_.width());
    HELIOS_TRY(writer_.Delete(*written, keys));
    for (size_t i = writer_.width() + 1; i < rows.column_count(); ++i) {
      written->AddColumn(rows.column(i));
    }
    return Status::Ok();
  }
};

}  // namespace

OperatorPtr MakeInsert(QueryState& query, const plan::InsertNode& node, OperatorPtr child) {
  return std::make_unique<Insert>(query, node, std::move(child));
}
OperatorPtr MakeUpdate(QueryState& query, const plan::UpdateNode& node, OperatorPtr child) {
  return std::make_unique<Update>(query, node, std::move(child));
}
OperatorPtr MakeDelete(QueryState& query, const plan::DeleteNode& node, OperatorPtr child) {
  return std::make_unique<Delete>(query, node, std::move(child));
}

}  // namespace helios::exec
