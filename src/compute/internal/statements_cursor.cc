// Cursors: DECLARE, FETCH, MOVE, CLOSE. A cursor is a portal whose rows are kept as they are read,
// so that it moves both ways (in memory, on disk beyond work_mem); WITH HOLD cursors are read to
// their end when their transaction commits. A portal that a client bound by a message keeps
// nothing: it moves forward only.

#include <algorithm>

#include "compute/internal/handlers.h"
#include "compute/internal/statement_info.h"
#include "compute/internal/utility_fields.h"

namespace helios::compute {

namespace {

Status NoCursor(std::string_view name) {
  return Error(ErrorCode::kInvalidCursorName).Message("cursor \"{}\" does not exist", name);
}

// Reads until `row_count` rows are kept, or all.
Status Keep(SessionImpl& session, Portal& cursor, uint64_t row_count) {
  if (cursor.kept == nullptr) cursor.kept = session.MakeKeptRows(cursor.memory);
  while (!cursor.kept_all && cursor.kept_rows() < row_count) {
    if (cursor.rows == nullptr) {  // Its transaction failed under it.
      return Error(ErrorCode::kObjectNotInPrerequisiteState)
          .Message("portal \"{}\" cannot be run", cursor.name);
    }
    Chunk chunk;
    Status status = cursor.rows->Next(&chunk);
    if (status.ok() && chunk.row_count() > 0) status = cursor.kept->rows().Append(chunk);
    if (!status.ok()) {
      cursor.rows.reset();
      return status;
    }
    if (chunk.row_count() == 0) {
      cursor.kept_all = true;
      cursor.rows.reset();
      break;
    }
  }
  return Status::Ok();
}

struct Movement {
  int64_t first = 0;  // The first row to give, from 1; 0: none.
  int64_t count = 0;  // How many.
  bool backward = false;
  int64_t position = 0;  // Where the cursor stands afterwards.
};

// Where a FETCH goes from `position` in a result of `total` rows.
Movement Plan(const ast::FetchStatement& statement, int64_t position, int64_t total) {
  Movement movement;
  const auto clamp = [total](int64_t to) { return std::clamp<int64_t>(to, 0, total + 1); };
  ast::FetchDirection direction = statement.direction;
  int64_t count = statement.count;
  if (direction == ast::FetchDirection::kAbsolute || direction == ast::FetchDirection::kRelative) {
    int64_t target = count;
    if (direction == ast::FetchDirection::kRelative) {
      target = position + count;
    } else if (count < 0) {
      target = total + 1 + count;
    }
    movement.position = clamp(target);
    if (movement.position >= 1 && movement.position <= total) {
      movement.first = movement.position;
      movement.count = 1;
    }
    return movement;
  }
  bool forward = direction == ast::FetchDirection::kForward;
  if (count < 0 && count != ast::FetchStatement::kAll) {
    forward = !forward;
    count = -count;
  }
  if (count == 0) {  // The row it stands on, again.
    movement.position = position;
    if (position >= 1 && position <= total) {
      movement.first = position;
      movement.count = 1;
    }
    return movement;
  }
  const int64_t available =
      forward ? std::max<int64_t>(total - position, 0) : std::max<int64_t>(position - 1, 0);
  movement.backward = !forward;
  movement.count = std::min(count, available);
  movement.first = forward ? position + 1 : position - 1;
  if (movement.count < count) {
    movement.position = forward ? total + 1 : 0;
  } else {
    movement.position = forward ? position + count : position - count;
  }
  if (movement.count == 0) movement.first = 0;
  return movement;
}

bool MovesBack(const ast::FetchStatement& statement, int64_t position) {
  switch (statement.direction) {
    case ast::FetchDirection::kForward:
      return statement.count < 0;
    case ast::FetchDirection::kBackward:
      return statement.count > 0;
    case ast::FetchDirection::kAbsolute:
      return statement.count < 0 || statement.count <= position;
    case ast::FetchDirection::kRelative:
      return statement.count < 0;
  }
  return false;
}

// The rows from `movement.first` on, in its direction.
std::unique_ptr<RowSource> RowsOf(const Portal& cursor, const Movement& movement) {
  KeptRange range;
  range.count = static_cast<uint64_t>(movement.count);
  if (range.count > 0) range.first = static_cast<uint64_t>(movement.first) - 1;
  range.backward = movement.backward;
  range.column_count = cursor.prepared->plan->output.size();
  return std::make_unique<KeptRowsSource>(cursor.kept, range);
}

Status OnlyForward() {
  return Error(ErrorCode::kObjectNotInPrerequisiteState)
      .Message("cursor can only scan forward")
      .Hint("Declare it with SCROLL option to enable backward scan.");
}

// FETCH or MOVE on a portal that was bound by a message.
Status FetchFromPortal(SessionImpl& session, Portal& portal, const ast::FetchStatement& statement,
                       UtilityResult* result) {
  if (MovesBack(statement, static_cast<int64_t>(portal.sent_rows))) return OnlyForward();
  if (!portal.started) HELIOS_TRY(session.StartCursor(portal));
  uint64_t skipped = 0;
  uint64_t wanted = static_cast<uint64_t>(statement.count);
  if (statement.direction == ast::FetchDirection::kAbsolute) {
    skipped = wanted - portal.sent_rows - 1;
    wanted = 1;
  } else if (statement.direction == ast::FetchDirection::kRelative && wanted > 0) {
    skipped = wanted - 1;
    wanted = 1;
  }
  const auto drop = [](const Chunk&) { return Status::Ok(); };
  if (skipped > 0) HELIOS_TRY(session.PumpRows(portal, skipped, drop));
  const std::shared_ptr<KeptRows> kept = session.MakeKeptRows(portal.memory);
  uint64_t count = 0;
  if (wanted > 0) {
    const bool all = statement.count == ast::FetchStatement::kAll;
    HELIOS_TRY(count, session.PumpRows(portal, all ? 0 : wanted, [&](const Chunk& rows) -> Status {
      return statement.move ? Status::Ok() : kept->rows().Append(rows);
    }));
  }
  if (statement.move) {
    result->tag = fmt::format("MOVE {}", count);
    return Status::Ok();
  }
  result->fields = portal.fields;
  const KeptRange range{.count = kept->rows().row_count(), .column_count = portal.fields->size()};
  result->rows = std::make_unique<KeptRowsSource>(kept, range);
  return Status::Ok();
}

// A cursor that locks rows moves forward, in its transaction.
Status CheckLocking(const ast::DeclareCursorStatement& statement) {
  const auto* select = ast::TryAs<ast::SelectStatement>(statement.query.get());
  if (select == nullptr || select->locking.empty()) return Status::Ok();
  static constexpr const char* kStrengths[] = {"FOR KEY SHARE", "FOR SHARE", "FOR NO KEY UPDATE",
                                               "FOR UPDATE"};
  const char* lock = kStrengths[static_cast<size_t>(select->locking[0].strength)];
  if (statement.with_hold) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("DECLARE CURSOR WITH HOLD ... {} is not supported", lock)
        .Detail("Holdable cursors must be READ ONLY.");
  }
  if (statement.scroll == ast::Choice::kYes) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("DECLARE SCROLL CURSOR ... {} is not supported", lock)
        .Detail("Scrollable cursors must be READ ONLY.");
  }
  if (statement.insensitive == ast::Choice::kYes) {
    return Error(ErrorCode::kInvalidCursorDefinition)
        .Message("DECLARE INSENSITIVE CURSOR ... {} is not valid", lock)
        .Detail("Insensitive cursors must be READ ONLY.");
  }
  return Status::Ok();
}

// A result whose rows are rows of one table.
bool IsOneScan(const sql::plan::Node& node) {
  switch (node.kind) {
    case sql::plan::NodeKind::kScan:
      return true;
    case sql::plan::NodeKind::kFilter:
    case sql::plan::NodeKind::kProject:
    case sql::plan::NodeKind::kLimit:
    case sql::plan::NodeKind::kSort:
      return IsOneScan(*node.children[0]);
    default:
      return false;
  }
}

// Which of the plan's row sources WHERE CURRENT OF means for `table`; 24000.
Result<size_t> FindRowSource(const Portal& cursor, Oid table, std::string_view table_name) {
  const sql::plan::Plan& plan = *cursor.prepared->plan;
  const auto& sources = plan.row_sources;
  const auto refuse = [&](std::string_view what) {
    return Error(ErrorCode::kInvalidCursorState)
        .Message("cursor \"{}\" {} table \"{}\"", cursor.name, what, table_name);
  };
  const auto* select = sql::ast::TryAs<sql::ast::SelectStatement>(cursor.prepared->statement.get());
  if (select == nullptr || select->locking.empty()) {
    if (sources.size() != 1 || sources[0].table != table || !IsOneScan(*plan.root)) {
      return refuse("is not a simply updatable scan of");
    }
    return size_t{0};
  }
  size_t found = sources.size();
  for (size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].locked || sources[i].table != table) continue;
    if (found < sources.size()) return refuse("has multiple FOR UPDATE/SHARE references to");
    found = i;
  }
  if (found == sources.size()) return refuse("does not have a FOR UPDATE/SHARE reference to");
  return found;
}

}  // namespace

Status KeptRowsSource::Next(Chunk* out) {
  *out = Chunk();
  if (range_.count == 0) return Status::Ok();
  // All chunks of the buffer but the last are full.
  const size_t chunk = range_.first / kVectorRowsMax;
  const size_t row = range_.first % kVectorRowsMax;
  if (range_.backward) {
    exec::ChunkBuffer::Cursor start{chunk, 0};
    HELIOS_TRY(kept_->rows().Read(&start, out));
    const size_t count = std::min<uint64_t>(range_.count, row + 1);
    auto selection = std::make_shared<Selection>(count);
    for (size_t i = 0; i < count; ++i) (*selection)[i] = static_cast<SelectionIndex>(row - i);
    out->Slice(std::move(selection));
    range_.first -= std::min<uint64_t>(range_.first, count);
    range_.count -= count;
  } else {
    exec::ChunkBuffer::Cursor start{chunk, row};
    HELIOS_TRY(kept_->rows().Read(&start, out));
    if (out->row_count() > range_.count) *out = exec::SliceRows(*out, 0, range_.count);
    range_.first += out->row_count();
    range_.count -= out->row_count();
  }
  out->columns().resize(range_.column_count);
  return Status::Ok();
}

Result<std::optional<std::string>> CurrentRowKey(SessionImpl& session,
                                                 const std::string& cursor_name, Oid table,
                                                 std::string_view table_name) {
  const auto found = session.portals().find(cursor_name);
  if (found == session.portals().end()) return NoCursor(cursor_name);
  const Portal& cursor = found->second;
  const auto refuse = [&](std::string_view what) {
    return Error(ErrorCode::kInvalidCursorState).Message("cursor \"{}\" {}", cursor_name, what);
  };
  if (!cursor.is_cursor) {  // Bound by a message: its rows are gone once they are sent.
    return refuse(fmt::format("is not a simply updatable scan of table \"{}\"", table_name));
  }
  if (cursor.with_hold && cursor.created_command == 0) {
    return refuse("is held from a previous transaction");
  }
  HELIOS_TRY(const size_t source, FindRowSource(cursor, table, table_name));
  if (cursor.position == 0 || cursor.position > cursor.kept_rows()) {
    return refuse("is not positioned on a row");
  }
  const size_t key_column = cursor.prepared->plan->output.size() + source;
  KeptRowsSource current(
      cursor.kept, {.first = cursor.position - 1, .count = 1, .column_count = key_column + 1});
  Chunk row;
  HELIOS_TRY(current.Next(&row));
  const Vector& column = row.column(key_column);
  if (column.IsNull(0)) return std::optional<std::string>();  // The far side of an outer join.
  return std::optional<std::string>(column.View(0));
}

Status RunDeclareCursor(SessionImpl& session, const ast::DeclareCursorStatement& statement,
                        const Portal& portal) {
  if (!session.in_transaction_block() && !statement.with_hold) {
    return Error(ErrorCode::kNoActiveSqlTransaction)
        .Message("DECLARE CURSOR can only be used in transaction blocks");
  }
  if (statement.name.empty()) {
    return Error(ErrorCode::kInvalidCursorName).Message("invalid cursor name: must not be empty");
  }
  if (session.portals().find(statement.name) != session.portals().end()) {
    return Error(ErrorCode::kDuplicateCursor)
        .Message("cursor \"{}\" already exists", statement.name);
  }
  HELIOS_TRY(CheckLocking(statement));
  Portal cursor;
  cursor.name = statement.name;
  const PreparedStatement& declaration = *portal.prepared;
  HELIOS_TRY(cursor.prepared, session.Prepare("", declaration.text, ast::Clone(*statement.query),
                                              declaration.description.parameter_types, true));
  cursor.parameters = portal.parameters;
  cursor.is_cursor = true;
  cursor.scroll = statement.scroll == ast::Choice::kYes;
  cursor.no_scroll = statement.scroll == ast::Choice::kNo;
  cursor.with_hold = statement.with_hold;
  cursor.binary = statement.binary;
  cursor.created_us = session.NowMicros();
  cursor.declaration = declaration.text;
  cursor.created_command = session.txn().NextCommand();
  HELIOS_TRY(session.StartCursor(cursor));
  session.portals().emplace(statement.name, std::move(cursor));
  return Status::Ok();
}

Status SessionImpl::StartCursor(Portal& cursor) {
  cursor.started = true;
  HELIOS_TRY(StartQuery(cursor));
  cursor.fields = cursor.prepared->description.fields;
  return Status::Ok();
}

Status RunFetch(SessionImpl& session, const ast::FetchStatement& statement, UtilityResult* result) {
  const auto found = session.portals().find(statement.cursor);
  if (found == session.portals().end()) return NoCursor(statement.cursor);
  Portal& cursor = found->second;
  if (!cursor.is_cursor) return FetchFromPortal(session, cursor, statement, result);
  if (cursor.no_scroll && MovesBack(statement, static_cast<int64_t>(cursor.position))) {
    return OnlyForward();
  }
  // Forward moves read only what they need; all others need the number of rows.
  const bool forward = statement.direction == ast::FetchDirection::kForward && statement.count >= 0;
  uint64_t wanted = UINT64_MAX;
  if (forward && statement.count != ast::FetchStatement::kAll) {
    wanted = cursor.position + static_cast<uint64_t>(statement.count);
  } else if (statement.direction == ast::FetchDirection::kAbsolute && statement.count >= 0) {
    wanted = static_cast<uint64_t>(statement.count);
  } else if (statement.direction == ast::FetchDirection::kBackward && statement.count >= 0) {
    wanted = cursor.position;
  }
  HELIOS_TRY(Keep(session, cursor, wanted));
  const Movement movement = Plan(statement, static_cast<int64_t>(cursor.position),
                                 static_cast<int64_t>(cursor.kept_rows()));
  cursor.position = static_cast<uint64_t>(movement.position);
  if (statement.move) {
    result->tag = fmt::format("MOVE {}", movement.count);
    return Status::Ok();
  }
  result->fields = cursor.fields;
  result->rows = RowsOf(cursor, movement);
  return Status::Ok();
}

Result<uint64_t> SessionImpl::PumpCursor(Portal& cursor, uint64_t max_rows,
                                         const std::function<Status(const Chunk&)>& emit) {
  ast::FetchStatement forward;
  forward.count = max_rows == 0 ? ast::FetchStatement::kAll : static_cast<int64_t>(max_rows);
  HELIOS_TRY(Keep(*this, cursor, max_rows == 0 ? UINT64_MAX : cursor.position + max_rows));
  const Movement movement = Plan(forward, static_cast<int64_t>(cursor.position),
                                 static_cast<int64_t>(cursor.kept_rows()));
  cursor.position = static_cast<uint64_t>(movement.position);
  const std::unique_ptr<RowSource> rows = RowsOf(cursor, movement);
  while (true) {
    Chunk chunk;
    HELIOS_TRY(rows->Next(&chunk));
    if (chunk.row_count() == 0) break;
    HELIOS_TRY(emit(chunk));
  }
  cursor.finished = cursor.position > cursor.kept_rows();
  return static_cast<uint64_t>(movement.count);
}

Status RunCloseCursor(SessionImpl& session, const ast::CloseCursorStatement& statement,
                      UtilityResult*) {
  if (statement.name.empty()) {
    session.CloseAllCursors();
    return Status::Ok();
  }
  if (session.portals().erase(statement.name) == 0) return NoCursor(statement.name);
  return Status::Ok();
}

Status SessionImpl::MaterializeHeldCursors() {
  for (auto& [name, cursor] : portals_) {
    if (!cursor.with_hold || cursor.created_command == 0) continue;
    HELIOS_TRY(Keep(*this, cursor, UINT64_MAX));
    cursor.created_command = 0;  // It no longer belongs to a transaction.
  }
  return Status::Ok();
}

}  // namespace helios::compute
