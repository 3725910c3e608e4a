// Transactions, settings, prepared statements, cursors, notification, maintenance.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

namespace {

TransactionKind TransactionKindOf(PgQuery__TransactionStmtKind kind) {
  switch (kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
      return TransactionKind::kStart;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
      return TransactionKind::kCommit;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
      return TransactionKind::kRollback;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
      return TransactionKind::kSavepoint;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
      return TransactionKind::kRelease;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
      return TransactionKind::kRollbackTo;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
      return TransactionKind::kPrepare;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
      return TransactionKind::kCommitPrepared;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED:
      return TransactionKind::kRollbackPrepared;
    default:
      return TransactionKind::kBegin;
  }
}

}  // namespace

StatementPtr Translator::Transaction(const PgQuery__TransactionStmt& node) {
  auto transaction = std::make_unique<TransactionStatement>();
  transaction->transaction = TransactionKindOf(node.kind);
  transaction->modes = Modes(HELIOS_PG_LIST(node, options));
  const std::string_view savepoint = pg::Str(node.savepoint_name);
  transaction->name = savepoint.empty() ? pg::Str(node.gid) : savepoint;
  transaction->chain = node.chain;
  return transaction;
}

StatementPtr Translator::Set(const PgQuery__VariableSetStmt& node) {
  auto set = std::make_unique<SetStatement>();
  set->name = pg::Str(node.name);
  set->local = node.is_local;
  const Nodes args = HELIOS_PG_LIST(node, args);
  switch (node.kind) {
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_DEFAULT:
      set->set = SetKind::kDefault;
      break;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_CURRENT:
      set->set = SetKind::kFromCurrent;
      break;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET:
      set->set = SetKind::kReset;
      break;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_RESET_ALL:
      set->set = SetKind::kResetAll;
      break;
    case PG_QUERY__VARIABLE_SET_KIND__VAR_SET_MULTI:
      if (set->name == "SESSION CHARACTERISTICS") {
        set->set = SetKind::kSessionCharacteristics;
        set->modes = Modes(args);
      } else {
        set->set = SetKind::kTransaction;
        if (set->name == "TRANSACTION SNAPSHOT" && !args.empty()) {
          set->snapshot = ConstantText(args[0]);
        } else {
          set->modes = Modes(args);
        }
      }
      set->name.clear();
      break;
    default:
      set->args = Expressions(args);
      break;
  }
  return set;
}

StatementPtr Translator::Do(const PgQuery__DoStmt& node) {
  auto statement = std::make_unique<DoStatement>();
  for (const Option& option : Options(HELIOS_PG_LIST(node, args))) {
    if (option.name == "as") statement->code = option.text;
    if (option.name == "language") statement->language = option.text;
  }
  return statement;
}

StatementPtr Translator::DeclareCursor(const PgQuery__DeclareCursorStmt& node) {
  // Bits of DeclareCursorStmt.options (PostgreSQL's parsenodes.h).
  constexpr int kBinary = 0x1, kScroll = 0x2, kNoScroll = 0x4, kInsensitive = 0x8,
                kAsensitive = 0x10, kHold = 0x20;
  auto declare = std::make_unique<DeclareCursorStatement>();
  declare->name = pg::Str(node.portalname);
  declare->binary = (node.options & kBinary) != 0;
  if ((node.options & kScroll) != 0) declare->scroll = Choice::kYes;
  if ((node.options & kNoScroll) != 0) declare->scroll = Choice::kNo;
  if ((node.options & kInsensitive) != 0) declare->insensitive = Choice::kYes;
  if ((node.options & kAsensitive) != 0) declare->insensitive = Choice::kNo;
  declare->with_hold = (node.options & kHold) != 0;
  if ((node.options & kScroll) != 0 && (node.options & kNoScroll) != 0) {
    Fail(Error(ErrorCode::kInvalidCursorDefinition)
             .Message("cannot specify both SCROLL and NO SCROLL"),
         -1);
  }
  if ((node.options & kInsensitive) != 0 && (node.options & kAsensitive) != 0) {
    Fail(Error(ErrorCode::kInvalidCursorDefinition)
             .Message("cannot specify both ASENSITIVE and INSENSITIVE"),
         -1);
  }
  declare->query = TranslateStatement(node.query);
  return declare;
}

// NOLINTNEXTLINE(readability-function-size): one case a statement: long, but a list.
StatementPtr Translator::UtilityStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
      return Transaction(*node->transaction_stmt);
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
      return Set(*node->variable_set_stmt);
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT: {
      auto show = std::make_unique<ShowStatement>();
      show->name = pg::Str(node->variable_show_stmt->name);
      return show;
    }
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT: {
      const PgQuery__AlterRoleSetStmt& source = *node->alter_role_set_stmt;
      auto alter = std::make_unique<AlterSettingStatement>();
      if (source.role != nullptr) alter->role = std::make_unique<RoleName>(Role(source.role));
      alter->database = pg::Str(source.database);
      alter->set = Set(*source.setstmt);
      return alter;
    }
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT: {
      auto alter = std::make_unique<AlterSettingStatement>();
      alter->database = pg::Str(node->alter_database_set_stmt->dbname);
      alter->set = Set(*node->alter_database_set_stmt->setstmt);
      return alter;
    }
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT: {
      auto alter = std::make_unique<AlterSystemStatement>();
      alter->set = Set(*node->alter_system_stmt->setstmt);
      return alter;
    }
    case PG_QUERY__NODE__NODE_PREPARE_STMT: {
      auto prepare = std::make_unique<PrepareStatement>();
      prepare->name = pg::Str(node->prepare_stmt->name);
      for (const Node* type : HELIOS_PG_LIST(*node->prepare_stmt, argtypes)) {
        if (pg::CaseOf(type) != PG_QUERY__NODE__NODE_TYPE_NAME) continue;
        prepare->types.push_back(Type(type->type_name));
      }
      prepare->query = TranslateStatement(node->prepare_stmt->query);
      return prepare;
    }
    case PG_QUERY__NODE__NODE_EXECUTE_STMT: {
      auto execute = std::make_unique<ExecuteStatement>();
      execute->name = pg::Str(node->execute_stmt->name);
      execute->args = Expressions(HELIOS_PG_LIST(*node->execute_stmt, params));
      return execute;
    }
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT: {
      auto deallocate = std::make_unique<DeallocateStatement>();
      deallocate->name = pg::Str(node->deallocate_stmt->name);
      return deallocate;
    }
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
      return DeclareCursor(*node->declare_cursor_stmt);
    case PG_QUERY__NODE__NODE_FETCH_STMT: {
      const PgQuery__FetchStmt& source = *node->fetch_stmt;
      auto fetch = std::make_unique<FetchStatement>();
      fetch->move = source.ismove;
      switch (source.direction) {
        case PG_QUERY__FETCH_DIRECTION__FETCH_BACKWARD:
          fetch->direction = FetchDirection::kBackward;
          break;
        case PG_QUERY__FETCH_DIRECTION__FETCH_ABSOLUTE:
          fetch->direction = FetchDirection::kAbsolute;
          break;
        case PG_QUERY__FETCH_DIRECTION__FETCH_RELATIVE:
          fetch->direction = FetchDirection::kRelative;
          break;
        default:
          break;
      }
      fetch->count = source.how_many;
      fetch->cursor = pg::Str(source.portalname);
      return fetch;
    }
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT: {
      auto close = std::make_unique<CloseCursorStatement>();
      close->name = pg::Str(node->close_portal_stmt->portalname);
      return close;
    }
    case PG_QUERY__NODE__NODE_LISTEN_STMT: {
      auto listen = std::make_unique<ListenStatement>();
      listen->channel = pg::Str(node->listen_stmt->conditionname);
      return listen;
    }
    case PG_QUERY__NODE__NODE_NOTIFY_STMT: {
      auto notify = std::make_unique<NotifyStatement>();
      notify->channel = pg::Str(node->notify_stmt->conditionname);
      notify->payload = pg::Str(node->notify_stmt->payload);
      return notify;
    }
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT: {
      auto unlisten = std::make_unique<UnlistenStatement>();
      unlisten->channel = pg::Str(node->unlisten_stmt->conditionname);
      return unlisten;
    }
    default:
      return nullptr;
  }
}

// NOLINTNEXTLINE(readability-function-size): one case a statement: long, but a list.
StatementPtr Translator::MaintenanceStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT: {
      auto explain = std::make_unique<ExplainStatement>();
      explain->options = Options(HELIOS_PG_LIST(*node->explain_stmt, options));
      explain->query = TranslateStatement(node->explain_stmt->query);
      return explain;
    }
    case PG_QUERY__NODE__NODE_VACUUM_STMT: {
      auto vacuum = std::make_unique<VacuumStatement>();
      vacuum->analyze_only = !node->vacuum_stmt->is_vacuumcmd;
      vacuum->options = Options(HELIOS_PG_LIST(*node->vacuum_stmt, options));
      for (const Node* item : HELIOS_PG_LIST(*node->vacuum_stmt, rels)) {
        if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_VACUUM_RELATION) continue;
        VacuumTarget& target = vacuum->targets.emplace_back();
        target.relation = Relation(item->vacuum_relation->relation);
        target.columns = Names(HELIOS_PG_LIST(*item->vacuum_relation, va_cols));
      }
      return vacuum;
    }
    case PG_QUERY__NODE__NODE_REINDEX_STMT: {
      const PgQuery__ReindexStmt& source = *node->reindex_stmt;
      auto reindex = std::make_unique<ReindexStatement>();
      reindex->target = static_cast<ReindexTarget>(
          source.kind - PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX);
      reindex->relation = Relation(source.relation);
      reindex->name = pg::Str(source.name);
      reindex->options = Options(HELIOS_PG_LIST(source, params));
      return reindex;
    }
    case PG_QUERY__NODE__NODE_CLUSTER_STMT: {
      auto cluster = std::make_unique<ClusterStatement>();
      if (node->cluster_stmt->relation != nullptr) {
        cluster->relation = std::make_unique<RelationName>(Relation(node->cluster_stmt->relation));
      }
      cluster->index = pg::Str(node->cluster_stmt->indexname);
      cluster->options = Options(HELIOS_PG_LIST(*node->cluster_stmt, params));
      return cluster;
    }
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
      return std::make_unique<CheckpointStatement>();
    case PG_QUERY__NODE__NODE_DISCARD_STMT: {
      auto discard = std::make_unique<DiscardStatement>();
      discard->target = static_cast<DiscardTarget>(node->discard_stmt->target -
                                                   PG_QUERY__DISCARD_MODE__DISCARD_ALL);
      return discard;
    }
    case PG_QUERY__NODE__NODE_LOCK_STMT: {
      auto lock = std::make_unique<LockStatement>();
      for (const Node* relation : HELIOS_PG_LIST(*node->lock_stmt, relations)) {
        lock->relations.push_back(RelationOf(relation));
      }
      lock->mode = static_cast<TableLockMode>(node->lock_stmt->mode);
      lock->nowait = node->lock_stmt->nowait;
      return lock;
    }
    case PG_QUERY__NODE__NODE_DO_STMT:
      return Do(*node->do_stmt);
    case PG_QUERY__NODE__NODE_CALL_STMT: {
      auto call = std::make_unique<CallStatement>();
      call->call = FunctionOf(*node->call_stmt->funccall);
      return call;
    }
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT: {
      auto set = std::make_unique<SetConstraintsStatement>();
      for (const Node* name : HELIOS_PG_LIST(*node->constraints_set_stmt, constraints)) {
        set->constraints.push_back(RelationOf(name));
      }
      set->deferred = node->constraints_set_stmt->deferred;
      return set;
    }
    case PG_QUERY__NODE__NODE_LOAD_STMT: {
      auto load = std::make_unique<LoadStatement>();
      load->library = pg::Str(node->load_stmt->filename);
      return load;
    }
    default:
      return nullptr;
  }
}

}  // namespace helios::sql
