#include <algorithm>

#include "exec/internal/group_table.h"
#include "exec/internal/operators.h"

namespace helios::exec {
namespace {

// WITH: the statement runs, and reads bodies as it goes; data-modifying bodies run to their end.
class WithCte : public UnaryOperator {
 public:
  WithCte(QueryState& query, const plan::WithCteNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), with_(node) {}

 protected:
  Status DoOpen() override {
    drained_ = false;
    for (size_t i = 0; i + 1 < with_.children.size(); ++i) {
      CteState& cte = query_.Cte(with_.first_cte + static_cast<uint32_t>(i));
      cte.rows = std::make_unique<ChunkBuffer>(query_.memory(), query_.context.spill,
                                               query_.context.operator_memory_bytes);
      cte.opened = cte.done = false;
    }
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    HELIOS_TRY(child_->Next(out));
    if (out->row_count() > 0 || drained_) return Status::Ok();
    drained_ = true;
    for (size_t i = 0; i + 1 < with_.children.size(); ++i) {
      if (i >= with_.always_run.size() || !with_.always_run[i]) continue;
      CteState& cte = query_.Cte(with_.first_cte + static_cast<uint32_t>(i));
      while (!cte.done) HELIOS_TRY(query_.AdvanceCte(cte));
    }
    return Status::Ok();
  }

 private:
  const plan::WithCteNode& with_;
  bool drained_ = false;
};

class CteScan : public Operator {
 public:
  CteScan(QueryState& query, const plan::CteScanNode& node) : Operator(query, node), scan_(node) {}

 protected:
  Status DoOpen() override {
    cursor_ = {};
    return Status::Ok();
  }

  Status DoNext(Chunk* out) override {
    CteState& cte = query_.Cte(scan_.cte);
    HELIOS_CHECK(cte.rows != nullptr);
    while (true) {
      HELIOS_TRY(cte.rows->Read(&cursor_, out));
      if (out->row_count() > 0 || cte.done) return Status::Ok();
      HELIOS_TRY(query_.AdvanceCte(cte));
    }
  }

 private:
  const plan::CteScanNode& scan_;
  ChunkBuffer::Cursor cursor_;
};

// WITH RECURSIVE, round by round. Rows go out as they are made, so a LIMIT above ends an endless
// query.
class RecursiveUnion : public Operator {
 public:
  RecursiveUnion(QueryState& query, const plan::RecursiveUnionNode& node, OperatorPtr base,
                 OperatorPtr step)
      : Operator(query, node), union_(node), base_(std::move(base)), step_(std::move(step)) {}
  ~RecursiveUnion() override {
    const auto mine = query_.work_tables.find(union_.work_table);
    if (mine != query_.work_tables.end() && mine->second == work_.get()) {
      query_.work_tables.erase(mine);
    }
  }

 protected:
  Status DoOpen() override {
    in_base_ = true;
    done_ = false;
    next_ = NewBuffer();
    work_.reset();
    if (union_.distinct) {
      seen_ = std::make_unique<GroupTable>(query_, union_.types, PhysicalsOf(union_), &no_states_);
    }
    return base_->Open();
  }

  Status DoNext(Chunk* out) override {
    while (!done_) {
      HELIOS_TRY((in_base_ ? base_ : step_)->Next(out));
      if (out->row_count() > 0) {
        if (union_.distinct) HELIOS_TRY(DropSeen(out));
        if (out->row_count() == 0) continue;
        return next_->Append(*out);
      }
      in_base_ = false;
      work_ = std::move(next_);
      if (work_->row_count() == 0) {
        done_ = true;
        break;
      }
      next_ = NewBuffer();
      query_.work_tables[union_.work_table] = work_.get();
      HELIOS_TRY(step_->Open());
    }
    *out = Chunk();
    return Status::Ok();
  }

 private:
  std::unique_ptr<ChunkBuffer> NewBuffer() {
    return std::make_unique<ChunkBuffer>(query_.memory(), query_.context.spill,
                                         query_.context.operator_memory_bytes);
  }

  Status DropSeen(Chunk* rows) {
    const size_t count = rows->row_count();
    const std::vector<const Vector*> keys = ColumnPointers(*rows);
    std::vector<uint64_t> hashes(count);
    GroupTable::Hash(keys, count, hashes.data());
    GroupTable::Found found;
    seen_->FindOrCreate(keys, hashes.data(), count, &found);
    std::sort(found.created.begin(), found.created.end());
    if (found.created.size() < count) {
      rows->Slice(std::make_shared<Selection>(found.created));
    }
    return seen_->Account();
  }

  const plan::RecursiveUnionNode& union_;
  OperatorPtr base_, step_;
  std::unique_ptr<ChunkBuffer> work_, next_;
  StateLayout no_states_;
  std::unique_ptr<GroupTable> seen_;
  bool in_base_ = true;
  bool done_ = false;
};

class WorkTable : public Operator {
 public:
  WorkTable(QueryState& query, const plan::WorkTableNode& node)
      : Operator(query, node), table_(node) {}

 protected:
  Status DoOpen() override {
    cursor_ = {};
    return Status::Ok();
  }
  Status DoNext(Chunk* out) override {
    const auto rows = query_.work_tables.find(table_.work_table);
    HELIOS_CHECK(rows != query_.work_tables.end());
    return rows->second->Read(&cursor_, out);
  }

 private:
  const plan::WorkTableNode& table_;
  ChunkBuffer::Cursor cursor_;
};

}  // namespace

Status QueryState::AdvanceCte(CteState& cte) {
  if (!cte.opened) {
    cte.opened = true;
    HELIOS_TRY(cte.body->Open());
  }
  Chunk rows;
  HELIOS_TRY(cte.body->Next(&rows));
  if (rows.row_count() > 0) return cte.rows->Append(rows);
  cte.done = true;
  return Status::Ok();
}

Result<OperatorPtr> MakeWithCte(QueryState& query, const plan::WithCteNode& node) {
  for (size_t i = 1; i < node.children.size(); ++i) {
    CteState& cte = query.Cte(node.first_cte + static_cast<uint32_t>(i - 1));
    HELIOS_TRY(cte.body, BuildOperator(query, *node.children[i]));
  }
  HELIOS_TRY(OperatorPtr child, BuildOperator(query, *node.children[0]));
  return std::make_unique<WithCte>(query, node, std::move(child));
}
OperatorPtr MakeCteScan(QueryState& query, const plan::CteScanNode& node) {
  return std::make_unique<CteScan>(query, node);
}
OperatorPtr MakeRecursiveUnion(QueryState& query, const plan::RecursiveUnionNode& node,
                               OperatorPtr base, OperatorPtr step) {
  return std::make_unique<RecursiveUnion>(query, node, std::move(base), std::move(step));
}
OperatorPtr MakeWorkTable(QueryState& query, const plan::WorkTableNode& node) {
  return std::make_unique<WorkTable>(query, node);
}

}  // namespace helios::exec
