#include "exec/insert_stream.h"

#include "exec/internal/operator.h"
#include "exec/internal/write/foreign_keys.h"
#include "exec/internal/write/table_writer.h"

namespace helios::exec {

struct InsertStream::State {
  State(std::shared_ptr<const plan::Plan> plan, const plan::WriteTarget& target,
        ExecutionContext context)
      : query(std::move(plan), std::move(context)), writer(query, target) {}

  QueryState query;
  TableWriter writer;
};

InsertStream::InsertStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
InsertStream::~InsertStream() = default;

Result<std::unique_ptr<InsertStream>> InsertStream::Open(std::shared_ptr<const plan::Plan> plan,
                                                         const plan::WriteTarget& target,
                                                         ExecutionContext context) {
  if (context.writes == nullptr) {
    return Error(ErrorCode::kReadOnlySqlTransaction)
        .Message("cannot write in a read-only transaction");
  }
  return std::unique_ptr<InsertStream>(
      new InsertStream(std::make_unique<State>(std::move(plan), target, std::move(context))));
}

Status InsertStream::Append(Chunk* rows) {
  HELIOS_TRY(state_->query.CheckCanceled());
  if (rows->row_count() == 0) return Status::Ok();
  HELIOS_TRY(state_->writer.Prepare(rows));
  std::vector<std::string> keys;
  HELIOS_TRY(state_->writer.MakeRowKeys(*rows, &keys));
  HELIOS_TRY(state_->writer.Insert(*rows, keys));
  row_count_ += rows->row_count();
  return state_->query.StageIfLarge();
}

Result<uint64_t> InsertStream::Finish() {
  HELIOS_TRY(state_->query.FinishStatement());
  return row_count_;
}

}  // namespace helios::exec
