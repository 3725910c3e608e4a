#include <algorithm>

#include "exec/internal/group_table.h"
#include "exec/internal/operators.h"

namespace helios::exec {
namespace {

// UNION streams; INTERSECT and EXCEPT count each distinct row on both sides first.
class SetOperation : public Operator {
 public:
  SetOperation(QueryState& query, const plan::SetOperationNode& node,
               std::vector<OperatorPtr> children)
      : Operator(query, node), set_(node), children_(std::move(children)) {
    counts_.bytes = 2 * sizeof(int64_t);
  }

 protected:
  using Operation = plan::SetOperationNode::Operation;

  Status DoOpen() override {
    child_ = 0;
    counted_ = false;
    block_ = row_ = 0;
    left_of_row_ = 0;
    if (set_.operation != Operation::kUnionAll) {
      table_ = std::make_unique<GroupTable>(query_, set_.types, PhysicalsOf(set_), &counts_);
    }
    return children_[0]->Open();
  }

  Status DoNext(Chunk* out) override {
    if (set_.operation == Operation::kUnionAll || set_.operation == Operation::kUnion) {
      return NextUnion(out);
    }
    if (!counted_) HELIOS_TRY(CountRows());
    return NextCounted(out);
  }

 private:
  Status NextUnion(Chunk* out) {
    while (true) {
      HELIOS_TRY(children_[child_]->Next(out));
      if (out->row_count() == 0) {
        if (child_ + 1 == children_.size()) return Status::Ok();
        ++child_;
        HELIOS_TRY(children_[child_]->Open());
        continue;
      }
      if (set_.operation == Operation::kUnionAll) return Status::Ok();
      HELIOS_TRY(Find(*out));
      std::sort(found_.created.begin(), found_.created.end());
      if (found_.created.empty()) continue;
      if (found_.created.size() < out->row_count()) {
        out->Slice(std::make_shared<Selection>(found_.created));
      }
      return table_->Account();
    }
  }

  Status Find(const Chunk& rows) {
    const std::vector<const Vector*> keys = ColumnPointers(rows);
    hashes_.resize(kVectorRowsMax);
    GroupTable::Hash(keys, rows.row_count(), hashes_.data());
    table_->FindOrCreate(keys, hashes_.data(), rows.row_count(), &found_);
    return Status::Ok();
  }

  int64_t* CountsOf(char* row) { return reinterpret_cast<int64_t*>(table_->StatesOf(row)); }

  Status CountRows() {
    counted_ = true;
    Chunk rows;
    for (size_t side = 0; side < 2; ++side) {
      if (side == 1) {
        table_->Freeze();  // Rows of the right side alone do not matter.
        HELIOS_TRY(children_[1]->Open());
      }
      while (true) {
        HELIOS_TRY(children_[side]->Next(&rows));
        if (rows.row_count() == 0) break;
        HELIOS_TRY(Find(rows));
        for (char* row : found_.rows) {
          if (row != nullptr) ++CountsOf(row)[side];
        }
        HELIOS_TRY(table_->Account());
      }
    }
    stats().memory_bytes = std::max(stats().memory_bytes, table_->bytes());
    return Status::Ok();
  }

  int64_t Copies(const int64_t* counts) const {
    switch (set_.operation) {
      case Operation::kIntersect:
        return counts[0] > 0 && counts[1] > 0 ? 1 : 0;
      case Operation::kIntersectAll:
        return std::min(counts[0], counts[1]);
      case Operation::kExcept:
        return counts[0] > 0 && counts[1] == 0 ? 1 : 0;
      case Operation::kExceptAll:
        return std::max<int64_t>(counts[0] - counts[1], 0);
      case Operation::kUnionAll:
      case Operation::kUnion:
        break;
    }
    return 0;
  }

  Status NextCounted(Chunk* out) {
    *out = Chunk();
    std::vector<const char*> rows;
    const std::vector<RowStore::Block>& blocks = table_->store().blocks();
    while (rows.size() < query_.vector_rows && block_ < blocks.size()) {
      if (row_ >= blocks[block_].row_count) {
        ++block_;
        row_ = 0;
        continue;
      }
      char* row = blocks[block_].bytes.get() + row_ * table_->layout().width;
      const int64_t copies = Copies(CountsOf(row)) - left_of_row_;
      const int64_t room = static_cast<int64_t>(query_.vector_rows - rows.size());
      const int64_t take = std::min(copies, room);
      rows.insert(rows.end(), static_cast<size_t>(take), row);
      if (take < copies) {
        left_of_row_ += take;
        break;
      }
      left_of_row_ = 0;
      ++row_;
    }
    if (rows.empty()) return Status::Ok();
    for (size_t c = 0; c < set_.types.size(); ++c) {
      out->AddColumn(
          GatherColumn(table_->layout(), c, rows.data(), rows.size(), table_->store().heaps()));
    }
    out->SetRowCount(rows.size());
    return Status::Ok();
  }

  const plan::SetOperationNode& set_;
  std::vector<OperatorPtr> children_;
  size_t child_ = 0;
  StateLayout counts_;
  std::unique_ptr<GroupTable> table_;
  GroupTable::Found found_;
  std::vector<uint64_t> hashes_;
  bool counted_ = false;
  size_t block_ = 0, row_ = 0;
  int64_t left_of_row_ = 0;  // Copies of the row at hand that were given already.
};

}  // namespace

OperatorPtr MakeSetOperation(QueryState& query, const plan::SetOperationNode& node,
                             std::vector<OperatorPtr> children) {
  return std::make_unique<SetOperation>(query, node, std::move(children));
}

}  // namespace helios::exec
