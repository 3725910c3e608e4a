// MERGE: each row of the source, beside the row of the table that it matches or beside none, goes
// to the first action that fits.

#include <memory>
#include <unordered_set>

#include "exec/internal/write/writer.h"

namespace helios::exec {
namespace {

const std::vector<expr::ExprPtr> kNoReturning;

class Merge : public Writer {
 public:
  Merge(QueryState& query, const plan::MergeNode& node, OperatorPtr child)
      : Writer(query, node, std::move(child), *node.target, kNoReturning, false) {
    for (const plan::MergeNode::Action& action : node.actions) {
      Branch& branch = branches_.emplace_back(action);
      if (action.condition != nullptr) branch.condition.emplace(*action.condition, query.eval);
      for (const auto& [column, value] : action.set) branch.set.emplace_back(*value, query.eval);
      for (const expr::ExprPtr& value : action.values) {
        branch.values.emplace_back(*value, query.eval);
      }
    }
  }

 protected:
  Status DoOpen() override {
    changed_.clear();
    return Writer::DoOpen();
  }

  Status Write(Chunk& rows, Chunk* written) override {
    const Vector& keys = rows.column(writer_.width());
    std::vector<bool> done(rows.row_count(), false);
    size_t affected = 0;
    for (Branch& branch : branches_) {
      auto chosen = std::make_shared<Selection>();
      for (size_t row = 0; row < rows.row_count(); ++row) {
        if (!done[row] && keys.IsNull(row) != branch.action.matched) {
          chosen->push_back(static_cast<SelectionIndex>(row));
        }
      }
      if (chosen->empty()) continue;
      Chunk part = rows;
      part.Slice(chosen);
      if (branch.condition.has_value()) {
        auto passed = std::make_shared<Selection>();
        HELIOS_TRY(branch.condition->Select(part, passed.get()));
        if (passed->empty()) continue;
        for (const SelectionIndex row : *passed) done[(*chosen)[row]] = true;
        part.Slice(std::move(passed));
      } else {
        for (const SelectionIndex row : *chosen) done[row] = true;
      }
      if (branch.action.kind == plan::MergeNode::ActionKind::kNothing) continue;
      affected += part.row_count();
      HELIOS_TRY(Run(branch, part));
    }
    *written = Chunk();
    written->SetRowCount(affected);
    return Status::Ok();
  }

 private:
  struct Branch {
    explicit Branch(const plan::MergeNode::Action& action_in) : action(action_in) {}
    const plan::MergeNode::Action& action;
    std::optional<expr::Evaluator> condition;
    std::vector<Expression> set;
    std::vector<Expression> values;
  };

  Status Run(Branch& branch, Chunk& rows) {
    if (branch.action.kind == plan::MergeNode::ActionKind::kInsert) return Insert(branch, rows);
    const Vector& column = rows.column(writer_.width());
    std::vector<std::string> keys;
    for (size_t row = 0; row < rows.row_count(); ++row) {
      keys.emplace_back(column.View(row));
      if (changed_.insert(keys.back()).second) continue;
      return Error(ErrorCode::kCardinalityViolation)
          .Message("MERGE command cannot affect row a second time")
          .Hint("Ensure that not more than one source row matches any one target row.");
    }
    const Chunk old_rows = FirstColumns(rows, writer_.width());
    const bool whole = branch.action.kind == plan::MergeNode::ActionKind::kDelete ||
                       writer_.TouchesKeys(branch.action.set);
    HELIOS_TRY(writer_.LockForChange(
        keys, whole ? hidb::RowLockMode::kUpdate : hidb::RowLockMode::kNoKeyUpdate));
    if (branch.action.kind == plan::MergeNode::ActionKind::kDelete) {
      return writer_.Delete(old_rows, keys);
    }
    Chunk new_rows = old_rows;
    for (size_t i = 0; i < branch.set.size(); ++i) {
      Vector value;
      HELIOS_TRY(branch.set[i].Evaluate(rows, &value));
      new_rows.column(branch.action.set[i].first) = std::move(value);
    }
    HELIOS_TRY(writer_.Prepare(&new_rows));
    return writer_.Update(old_rows, keys, new_rows);
  }

  Status Insert(Branch& branch, const Chunk& rows) {
    Chunk new_rows;
    for (Expression& value : branch.values) {
      Vector column;
      HELIOS_TRY(value.Evaluate(rows, &column));
      new_rows.AddColumn(std::move(column));
    }
    new_rows.SetRowCount(rows.row_count());
    HELIOS_TRY(writer_.Prepare(&new_rows));
    std::vector<std::string> keys;
    HELIOS_TRY(writer_.MakeRowKeys(new_rows, &keys));
    return writer_.Insert(new_rows, keys);
  }

  std::vector<Branch> branches_;
  std::unordered_set<std::string> changed_;  // Keys of rows that an action has changed.
};

}  // namespace

OperatorPtr MakeMerge(QueryState& query, const plan::MergeNode& node, OperatorPtr child) {
  return std::make_unique<Merge>(query, node, std::move(child));
}

}  // namespace helios::exec
