#include <algorithm>

#include "exec/internal/operators.h"
#include "exec/internal/write/table_writer.h"

namespace helios::exec {
namespace {

// SELECT ... FOR UPDATE and its kin.
class LockRows : public UnaryOperator {
 public:
  LockRows(QueryState& query, const plan::LockRowsNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), lock_(node) {
    for (const plan::LockRowsNode::Target& target : node.targets) {
      lockers_.emplace_back(query, target.table, target.relation);
    }
  }

 protected:
  Status DoOpen() override { return child_->Open(); }

  Status DoNext(Chunk* out) override {
    while (true) {
      HELIOS_TRY(child_->Next(out));
      const size_t count = out->row_count();
      if (count == 0) return Status::Ok();
      std::vector<bool> dropped(count, false);
      bool any_dropped = false;
      for (size_t i = 0; i < lockers_.size(); ++i) {
        HELIOS_TRY(Lock(lock_.targets[i], lockers_[i], *out, &dropped, &any_dropped));
      }
      if (any_dropped) {
        auto kept = std::make_shared<Selection>();
        for (size_t row = 0; row < count; ++row) {
          if (!dropped[row]) kept->push_back(static_cast<SelectionIndex>(row));
        }
        if (kept->empty()) continue;
        out->Slice(std::move(kept));
      }
      DropKeyColumns(out);
      return Status::Ok();
    }
  }

 private:
  Status Lock(const plan::LockRowsNode::Target& target, RowLocker& locker, const Chunk& rows,
              std::vector<bool>* dropped, bool* any_dropped) {
    const Vector& column = rows.column(target.key_column);
    std::vector<std::string> keys;
    std::vector<size_t> at;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      if (column.IsNull(row) || (*dropped)[row]) continue;
      keys.emplace_back(column.View(row));
      at.push_back(row);
    }
    HELIOS_TRY(const auto outcomes,
               locker.LockStored(target.space, keys,
                                 {.mode = target.mode,
                                  .wait = target.wait,
                                  .snapshot = query_.context.snapshot,
                                  // Those who share out rows with SKIP LOCKED would all wait.
                                  .may_lock_table = target.wait == hidb::LockWait::kWait}));
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].skipped) {
        (*dropped)[at[i]] = true;
        *any_dropped = true;
      } else if (outcomes[i].changed) {
        if (query_.context.repeatable_read) return ConcurrentChange(false);
        return Error(ErrorCode::kWriteConflict)
            .Message("could not serialize access due to concurrent update");
      }
    }
    return Status::Ok();
  }

  // Those that the parent does not want: the output is narrower then.
  void DropKeyColumns(Chunk* rows) const {
    if (rows->column_count() <= lock_.types.size()) return;
    std::vector<Vector> kept;
    for (size_t i = 0; i < rows->column_count(); ++i) {
      const bool is_key =
          std::any_of(lock_.targets.begin(), lock_.targets.end(),
                      [i](const plan::LockRowsNode::Target& t) { return t.key_column == i; });
      if (!is_key) kept.push_back(std::move(rows->column(i)));
    }
    rows->columns() = std::move(kept);
  }

  const plan::LockRowsNode& lock_;
  std::vector<RowLocker> lockers_;  // One for each target.
};

}  // namespace

OperatorPtr MakeLockRows(QueryState& query, const plan::LockRowsNode& node, OperatorPtr child) {
  return std::make_unique<LockRows>(query, node, std::move(child));
}

}  // namespace helios::exec
