#include "exec/internal/aggregate.h"

#include <algorithm>

namespace helios::exec {
namespace {

// GROUP BY and plain aggregates. Each thread aggregates what it reads into groupings of its own,
// one for each grouping set. With one thread those are the result; else the groups are combined
// partition by partition. Rows of groups that found no room were spilled by partition and are
// aggregated after the groups that did.
class Aggregate : public Operator {
 public:
  Aggregate(QueryState& query, const plan::AggregateNode& node, std::unique_ptr<Source> source)
      : Operator(query, node),
        aggregate_(node),
        shape_(node),
        source_(std::move(source)),
        workers_(source_->worker_count()) {
    for (Worker& worker : workers_) {
      for (const expr::Expr* expression : shape_.expressions) {
        worker.expressions.Add(*expression, query.eval);
      }
    }
  }

 protected:
  Status DoOpen() override {
    consumed_ = false;
    ready_.clear();
    tasks_.clear();
    block_ = row_ = 0;
    for (Worker& worker : workers_) {
      worker.groupings.clear();
      for (size_t set = 0; set < shape_.sets.size(); ++set) {
        worker.groupings.push_back(std::make_unique<Grouping>(query_, shape_, set, 0));
      }
    }
    return source_->Open();
  }

  Status DoNext(Chunk* out) override {
    if (!consumed_) HELIOS_TRY(Consume());
    while (true) {
      if (!ready_.empty()) {
        HELIOS_TRY(ready_.back()->Emit(aggregate_, &block_, &row_, query_.vector_rows, out));
        if (out->row_count() > 0) return Status::Ok();
        // The rows given last are used up by now.
        ready_.pop_back();
        block_ = row_ = 0;
        continue;
      }
      *out = Chunk();
      if (tasks_.empty()) return Status::Ok();
      Task task = std::move(tasks_.back());
      tasks_.pop_back();
      HELIOS_TRY(Process(std::move(task)));
    }
  }

 private:
  struct Worker {
    Expressions expressions;
    Chunk wide;
    std::vector<std::unique_ptr<Grouping>> groupings;  // By grouping set.
  };
  // Spilled rows of one partition, to be aggregated by themselves, on top of the threads' groups
  // when several threads have some (`merge`).
  struct Task {
    size_t set = 0;
    size_t partition = 0;
    int depth = 0;
    bool merge = false;
    std::vector<std::unique_ptr<ChunkBuffer>> rows;
  };

  Status Consume() {
    consumed_ = true;
    HELIOS_TRY(source_->ForEach([this](size_t index, Chunk& rows) -> Status {
      Worker& worker = workers_[index];
      HELIOS_TRY(worker.expressions.Evaluate(rows, &worker.wide));
      for (const auto& grouping : worker.groupings) {
        HELIOS_TRY(grouping->Consume(worker.wide));
      }
      return Status::Ok();
    }));
    size_t bytes = 0;
    for (const Worker& worker : workers_) {
      for (const auto& grouping : worker.groupings) bytes += grouping->bytes();
    }
    stats().memory_bytes = std::max(stats().memory_bytes, bytes);
    for (size_t set = shape_.sets.size(); set-- > 0;) HELIOS_TRY(FinishSet(set));
    return Status::Ok();
  }

  Status FinishSet(size_t set) {
    if (workers_.size() == 1) {
      std::unique_ptr<Grouping> grouping = std::move(workers_[0].groupings[set]);
      HELIOS_TRY(grouping->Finish());
      AddSpilled(set, grouping.get());
      ready_.push_back(std::move(grouping));
      return Status::Ok();
    }
    if (shape_.sets[set].empty()) {
      auto merged = std::make_unique<Grouping>(query_, shape_, set, 0);
      for (Worker& worker : workers_) HELIOS_TRY(merged->Merge(*worker.groupings[set], 0));
      HELIOS_TRY(merged->Finish());
      ready_.push_back(std::move(merged));
      return Status::Ok();
    }
    bool spilled = false;
    for (Worker& worker : workers_) spilled |= !worker.groupings[set]->spilled().empty();
    if (spilled) {
      for (size_t p = 0; p < GroupTable::kPartitionCount; ++p) {
        Task task;
        task.set = set;
        task.partition = p;
        task.depth = 1;
        task.merge = true;
        for (Worker& worker : workers_) {
          auto& parts = worker.groupings[set]->spilled();
          if (parts.empty()) continue;
          stats().spilled_bytes += parts[p]->spilled_bytes();
          task.rows.push_back(std::move(parts[p]));
        }
        tasks_.push_back(std::move(task));
      }
      return Status::Ok();
    }
    std::vector<std::unique_ptr<Grouping>> merged(GroupTable::kPartitionCount);
    HELIOS_TRY(query_.context.workers->Run(merged.size(), [&](size_t p) -> Status {
      merged[p] = std::make_unique<Grouping>(query_, shape_, set, 0);
      for (Worker& worker : workers_) HELIOS_TRY(merged[p]->Merge(*worker.groupings[set], p));
      return Status::Ok();
    }));
    for (auto& grouping : merged) ready_.push_back(std::move(grouping));
    return Status::Ok();
  }

  void AddSpilled(size_t set, Grouping* grouping) {
    auto& spilled = grouping->spilled();
    for (size_t p = 0; p < spilled.size(); ++p) {
      stats().spilled_bytes += spilled[p]->spilled_bytes();
      Task task;
      task.set = set;
      task.partition = p;
      task.depth = grouping->depth() + 1;
      task.rows.push_back(std::move(spilled[p]));
      tasks_.push_back(std::move(task));
    }
    spilled.clear();
  }

  Status Process(Task task) {
    auto grouping = std::make_unique<Grouping>(query_, shape_, task.set, task.depth);
    if (task.merge) {
      for (Worker& worker : workers_) {
        HELIOS_TRY(grouping->Merge(*worker.groupings[task.set], task.partition));
      }
    }
    Chunk wide;
    for (const std::unique_ptr<ChunkBuffer>& rows : task.rows) {
      ChunkBuffer::Cursor cursor;
      while (true) {
        HELIOS_TRY(query_.CheckCanceled());
        HELIOS_TRY(rows->Read(&cursor, &wide));
        if (wide.row_count() == 0) break;
        HELIOS_TRY(grouping->Consume(wide));
      }
    }
    HELIOS_TRY(grouping->Finish());
    AddSpilled(task.set, grouping.get());
    ready_.push_back(std::move(grouping));
    return Status::Ok();
  }

  const plan::AggregateNode& aggregate_;
  const AggregateShape shape_;
  std::unique_ptr<Source> source_;
  std::vector<Worker> workers_;
  std::vector<std::unique_ptr<Grouping>> ready_;  // To be given, the last first.
  std::vector<Task> tasks_;
  size_t block_ = 0, row_ = 0;
  bool consumed_ = false;
};

}  // namespace

Result<OperatorPtr> MakeAggregate(QueryState& query, const plan::AggregateNode& node) {
  const AggregateShape shape(node);
  bool safe = shape.can_split;
  for (const expr::Expr* expression : shape.expressions) {
    safe &= !expr::ContainsVolatile(*expression) && !expr::ContainsSubplan(*expression);
  }
  HELIOS_TRY(std::unique_ptr<Source> source, Source::Make(query, *node.children[0], safe));
  return std::make_unique<Aggregate>(query, node, std::move(source));
}

}  // namespace helios::exec
