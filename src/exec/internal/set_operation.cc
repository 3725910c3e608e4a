#include <algorithm>
#include <array>

#include "exec/internal/group_table.h"
#include "exec/internal/operators.h"

namespace helios::exec {
namespace {

// UNION streams; INTERSECT and EXCEPT count each distinct row on both sides first. Once memory is
// short, rows that are not known yet go to spill files by their hash, each side apart; afterwards
// the partitions are worked on one by one in the same way.
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
    waiting_.clear();
    part_ = Part();
    if (set_.operation != Operation::kUnionAll) StartPart();
    return children_[0]->Open();
  }

  Status DoNext(Chunk* out) override {
    switch (set_.operation) {
      case Operation::kUnionAll:
        return NextInput(out);
      case Operation::kUnion:
        return NextUnion(out);
      default:
        break;
    }
    while (true) {
      if (!counted_) HELIOS_TRY(CountRows());
      HELIOS_TRY(NextCounted(out));
      if (out->row_count() > 0 || !NextPart()) return Status::Ok();
    }
  }

 private:
  // Rows that were spilled together; the first part is the children's rows, with no files.
  struct Part {
    std::array<std::unique_ptr<ChunkBuffer>, 2> sides;
    int depth = 0;
  };
  using Partitions = std::vector<std::unique_ptr<ChunkBuffer>>;

  void StartPart() {
    counted_ = false;
    block_ = row_ = 0;
    left_of_row_ = 0;
    cursor_ = {};
    table_ = std::make_unique<GroupTable>(query_, set_.types, PhysicalsOf(set_), &counts_);
  }

  // Goes on with rows that were spilled; false when there are none.
  bool NextPart() {
    stats().memory_bytes = std::max(stats().memory_bytes, table_->bytes());
    for (size_t p = 0; p < spilled_[0].size(); ++p) {
      Part part;
      part.depth = part_.depth + 1;
      for (size_t side = 0; side < 2; ++side) {
        if (p >= spilled_[side].size()) continue;
        stats().spilled_bytes += spilled_[side][p]->spilled_bytes();
        part.sides[side] = std::move(spilled_[side][p]);
      }
      // Without rows on the left there is no result.
      if (part.sides[0]->row_count() > 0) waiting_.push_back(std::move(part));
    }
    for (Partitions& side : spilled_) side.clear();
    if (waiting_.empty()) return false;
    part_ = std::move(waiting_.back());
    waiting_.pop_back();
    StartPart();
    return true;
  }

  // Rows of all children, one after the other.
  Status NextInput(Chunk* out) {
    while (true) {
      HELIOS_TRY(children_[child_]->Next(out));
      if (out->row_count() > 0 || child_ + 1 == children_.size()) return Status::Ok();
      ++child_;
      HELIOS_TRY(children_[child_]->Open());
    }
  }

  Status ReadPart(size_t side, Chunk* out) {
    *out = Chunk();
    HELIOS_TRY(query_.CheckCanceled());
    if (part_.sides[side] == nullptr) return Status::Ok();
    return part_.sides[side]->Read(&cursor_, out);
  }

  Status NextUnion(Chunk* out) {
    while (true) {
      HELIOS_TRY(part_.depth == 0 ? NextInput(out) : ReadPart(0, out));
      if (out->row_count() == 0) {
        if (!NextPart()) return Status::Ok();
        continue;
      }
      HELIOS_TRY(Find(*out, 0));
      std::sort(found_.created.begin(), found_.created.end());
      if (found_.created.empty()) continue;
      if (found_.created.size() < out->row_count()) {
        out->Slice(std::make_shared<Selection>(found_.created));
      }
      return Status::Ok();
    }
  }

  Status Find(const Chunk& rows, size_t side) {
    const std::vector<const Vector*> keys = ColumnPointers(rows);
    const size_t count = rows.row_count();
    hashes_.resize(kVectorRowsMax);
    GroupTable::Hash(keys, count, hashes_.data());
    if (part_.depth < kSpillDepthMax && table_->ShouldFreeze(query_, count)) table_->Freeze();
    table_->FindOrCreate(keys, hashes_.data(), count, &found_);
    // Of the right side only rows that the left may have, too.
    if (!found_.missed.empty() && (side == 0 || !spilled_[0].empty())) {
      HELIOS_TRY(
          SpillByHash(query_, rows, hashes_.data(), found_.missed, part_.depth, &spilled_[side]));
    }
    return table_->Account();
  }

  int64_t* CountsOf(char* row) { return reinterpret_cast<int64_t*>(table_->StatesOf(row)); }

  Status CountRows() {
    counted_ = true;
    Chunk rows;
    for (size_t side = 0; side < 2; ++side) {
      cursor_ = {};
      if (side == 1) {
        table_->Freeze();  // Rows of the right side alone do not matter.
        if (part_.depth == 0) HELIOS_TRY(children_[1]->Open());
      }
      while (true) {
        HELIOS_TRY(part_.depth == 0 ? children_[side]->Next(&rows) : ReadPart(side, &rows));
        if (rows.row_count() == 0) break;
        HELIOS_TRY(Find(rows, side));
        for (char* row : found_.rows) {
          if (row != nullptr) ++CountsOf(row)[side];
        }
      }
    }
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
  Part part_;
  ChunkBuffer::Cursor cursor_;  // In the rows of part_.
  std::vector<Part> waiting_;
  Partitions spilled_[2];  // Of part_, by side and partition.
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
