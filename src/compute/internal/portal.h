#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/memory.h"
#include "compute/session.h"
#include "exec/chunk_buffer.h"
#include "hidb/write_set.h"
#include "sql/ast.h"
#include "sql/plan/plan.h"

namespace helios::compute {

// Rows on their way to a client. Thread safety: none.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Replaces `out` by the next rows, valid until the next call; no rows: the end.
  virtual Status Next(Chunk* out) = 0;
  // Rows changed, for the command tag of a statement that has been read to its end.
  virtual uint64_t affected_rows() const { return 0; }
};

// What a utility statement gives besides its effect.
struct UtilityResult {
  std::string tag;
  // Set together: the rows that the statement returns.
  std::optional<std::vector<FieldDescription>> fields;
  std::unique_ptr<RowSource> rows;
};

// Rows held in memory.
class ChunkListSource : public RowSource {
 public:
  explicit ChunkListSource(std::vector<Chunk> chunks, uint64_t affected = 0)
      : chunks_(std::move(chunks)), affected_(affected) {}
  Status Next(Chunk* out) override {
    if (next_ == chunks_.size()) {
      out->SetRowCount(0);
      return Status::Ok();
    }
    *out = std::move(chunks_[next_++]);
    return Status::Ok();
  }
  uint64_t affected_rows() const override { return affected_; }

 private:
  std::vector<Chunk> chunks_;
  size_t next_ = 0;
  uint64_t affected_;
};

// Rows of a result that are kept: counted as memory of their query, on disk beyond `memory_bytes`.
class KeptRows {
 public:
  KeptRows(std::shared_ptr<MemoryTracker> memory, exec::SpillArea* spill, size_t memory_bytes)
      : memory_(std::move(memory)), rows_(memory_.get(), spill, memory_bytes) {}
  MemoryTracker* memory() { return memory_.get(); }
  exec::ChunkBuffer& rows() { return rows_; }

 private:
  std::shared_ptr<MemoryTracker> memory_;  // Shared with the query's execution.
  exec::ChunkBuffer rows_;
};

// Which of the kept rows to give.
struct KeptRange {
  uint64_t first = 0;
  uint64_t count = 0;
  bool backward = false;    // `first`, then the rows before it.
  size_t column_count = 0;  // So many columns, from the first on.
};

// Gives kept rows. They are shared: the cursor that keeps them may be closed before they are sent.
class KeptRowsSource : public RowSource {
 public:
  KeptRowsSource(std::shared_ptr<KeptRows> kept, KeptRange range, uint64_t affected = 0)
      : kept_(std::move(kept)), range_(range), affected_(affected) {}
  Status Next(Chunk* out) override;
  uint64_t affected_rows() const override { return affected_; }

 private:
  std::shared_ptr<KeptRows> kept_;
  KeptRange range_;  // What is left.
  const uint64_t affected_;
};

// A parsed statement with what is known of it. Shared by the portals bound to it.
struct PreparedStatement {
  std::string name;
  std::string text;
  std::shared_ptr<const sql::ast::Statement> statement;  // Null: an empty query.
  std::vector<Oid> declared_types;
  bool from_sql = false;  // PREPARE, not a Parse message.
  int64_t prepared_us = 0;
  StatementDescription description;
  bool is_cursor = false;  // The query of DECLARE CURSOR.
  bool described = false;  // The client knows `description`: a later plan must not change it.

  // The newest plan and what it was made from; made again when one of them has changed.
  std::shared_ptr<const sql::plan::Plan> plan;
  std::shared_ptr<const catalog::Snapshot> plan_snapshot;
  uint64_t plan_settings_generation = 0;
  Oid plan_role = kInvalidOid;
};

// A statement bound to its parameters, perhaps under way; also a cursor.
struct Portal {
  std::string name;
  std::shared_ptr<PreparedStatement> prepared;
  std::vector<Value> parameters;
  std::optional<std::vector<FieldDescription>> fields;

  bool started = false;
  bool finished = false;
  std::shared_ptr<MemoryTracker> memory;  // The query's: of its execution and of `kept`.
  std::unique_ptr<RowSource> rows;
  Chunk pending;  // Rows read and not yet sent, from `pending_row` on.
  size_t pending_row = 0;
  uint64_t sent_rows = 0;
  std::string tag;  // Of a statement that was finished by starting it.

  // --- cursors (DECLARE)
  bool is_cursor = false;
  bool scroll = false;
  bool no_scroll = false;
  bool with_hold = false;
  bool binary = false;
  int64_t created_us = 0;
  std::string declaration;
  // Rows read so far, behind their columns the keys of the rows below: a column for each of
  // Plan::row_sources. `position` is the row that the cursor is on: 0 before the first,
  // kept_rows() + 1 after the last.
  std::shared_ptr<KeptRows> kept;
  uint64_t kept_rows() const { return kept == nullptr ? 0 : kept->rows().row_count(); }
  bool kept_all = false;
  uint64_t position = 0;
  hidb::CommandId created_command = 0;  // ROLLBACK TO an earlier savepoint closes it.
};

}  // namespace helios::compute
