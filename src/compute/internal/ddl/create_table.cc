// CREATE TABLE, with LIKE, and the options of sequences.

#include <algorithm>

#include "compute/internal/ddl/table_builder.h"
#include "compute/internal/handlers.h"
#include "compute/internal/name_resolution.h"
#include "compute/internal/privileges.h"
#include "sql/parser/parser.h"

namespace helios::compute {

namespace {

Status NotSupported(std::string_view what) {
  return Error(ErrorCode::kFeatureNotSupported).Message("{} is not supported", what);
}

Status CheckSupported(const ast::CreateTableStatement& statement) {
  if (!statement.inherits.empty() || statement.partition_of != nullptr) {
    return NotSupported("table inheritance");
  }
  if (statement.partition_by != nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("PARTITION BY is not supported")
        .Hint("Tables are spread over shards by their shard key; leave the clause out.");
  }
  if (statement.of_type != nullptr) return NotSupported("CREATE TABLE OF");
  return Status::Ok();
}

}  // namespace

Status RunCreateTable(SessionImpl& session, const ast::CreateTableStatement& statement) {
  HELIOS_TRY(CheckSupported(statement));
  HELIOS_TRY(const Oid schema, CreationSchema(session, statement.relation));
  HELIOS_TRY(session.LockName(schema, statement.relation.name));
  DdlEditor editor(session);
  if (editor.current().FindRelation(schema, statement.relation.name) != nullptr) {
    if (statement.if_not_exists) {
      session.Notice(
          Notice::Severity::kNotice, "42P07",
          fmt::format("relation \"{}\" already exists, skipping", statement.relation.name));
      return Status::Ok();
    }
  }
  HELIOS_TRY(RequireFreeTableName(editor.current(), schema, statement.relation.name));
  auto table = std::make_shared<catalog::Table>();
  HELIOS_TRY(table->oid, session.NewOid());
  table->storage_id = table->oid;
  table->name = statement.relation.name;
  table->schema = schema;
  table->owner = session.role();
  table->temporary = schema == session.temporary_schema();
  switch (statement.on_commit) {
    case ast::OnCommit::kDeleteRows:
      table->on_commit = catalog::Table::OnCommit::kDelete;
      break;
    case ast::OnCommit::kDrop:
      table->on_commit = catalog::Table::OnCommit::kDrop;
      break;
    default:
      break;
  }
  if (statement.on_commit != ast::OnCommit::kNone && !table->temporary) {
    return Error(ErrorCode::kInvalidTableDefinition)
        .Message("ON COMMIT can only be used on temporary tables");
  }
  for (const ast::Option& option : statement.options) {
    table->options[option.space.empty() ? option.name : option.space + "." + option.name] =
        option.text;
  }
  ApplyDefaultPrivileges(session, table.get());
  TableBuilder builder(session, editor, table);
  size_t column = 0;
  for (const ast::LikeClause& like : statement.likes) {
    for (; column < like.before_column; ++column) {
      HELIOS_TRY(builder.AddColumn(statement.columns[column]));
    }
    HELIOS_TRY(builder.AddLike(like));
  }
  for (; column < statement.columns.size(); ++column) {
    HELIOS_TRY(builder.AddColumn(statement.columns[column]));
  }
  for (const ast::Constraint& constraint : statement.constraints) {
    HELIOS_TRY(builder.AddConstraint(constraint, ""));
  }
  HELIOS_TRY(builder.FinishConstraints());
  HELIOS_TRY(builder.Finish());
  editor.Save();
  // Nobody else can see the table, but the lock keeps its later life in this transaction uniform.
  return session.LockRelation(table->oid, hidb::TableLockMode::kAccessExclusive, table->name);
}

Status TableBuilder::AddLike(const ast::LikeClause& like) {
  HELIOS_TRY(const catalog::Table* source, FindTableOrView(session_, like.relation));
  if (!HasPrivilege(*session_.Catalog(), session_.role(), *source,
                    static_cast<catalog::PrivilegeMask>(catalog::Privilege::kSelect))) {
    return PermissionDenied(*source);
  }
  std::map<int16_t, int16_t> numbers;
  HELIOS_TRY(CopyColumns(*source, like.including, &numbers));
  if ((like.including & ast::LikeClause::kConstraints) != 0) {
    for (const catalog::Constraint& constraint : source->constraints) {
      if (constraint.kind != catalog::ConstraintKind::kCheck) continue;
      catalog::Constraint copy = constraint;
      HELIOS_TRY(copy.oid, session_.NewOid());
      for (int16_t& number : copy.columns) number = numbers[number];
      table_->constraints.push_back(std::move(copy));
    }
  }
  if ((like.including & ast::LikeClause::kIndexes) == 0) return Status::Ok();
  for (const Oid oid : source->indexes) {
    HELIOS_TRY(CopyIndex(*source, *editor_.current().FindIndex(oid)));
  }
  return Status::Ok();
}

Status TableBuilder::CopyColumns(const catalog::Table& source, uint32_t including,
                                 std::map<int16_t, int16_t>* numbers) {
  for (const catalog::Column& column : source.columns) {
    if (column.dropped) continue;
    if (table_->FindColumn(column.name) != nullptr) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("column \"{}\" specified more than once", column.name);
    }
    catalog::Column copy;
    copy.number = static_cast<int16_t>(table_->columns.size() + 1);
    copy.name = column.name;
    copy.type = column.type;
    copy.not_null = column.not_null;
    copy.collation = column.collation;
    const uint32_t wanted =
        column.generated ? ast::LikeClause::kGenerated : ast::LikeClause::kDefaults;
    if ((including & wanted) != 0) {
      copy.default_sql = column.default_sql;
      copy.generated = column.generated;
    }
    const bool identity = column.identity != catalog::Identity::kNone &&
                          (including & ast::LikeClause::kIdentity) != 0;
    if (identity) copy.identity = column.identity;
    (*numbers)[column.number] = copy.number;
    table_->columns.push_back(std::move(copy));
    if (identity) HELIOS_TRY(AddSequence(table_->columns.size() - 1, {}, /*identity=*/true));
    if ((including & ast::LikeClause::kComments) != 0) {
      const auto comment = source.comments.find(column.number);
      if (comment != source.comments.end()) {
        table_->comments[table_->columns.back().number] = comment->second;
      }
    }
  }
  return Status::Ok();
}

Status TableBuilder::CopyIndex(const catalog::Table& source, const catalog::Index& index) {
  IndexSpec spec;
  spec.unique = index.unique;
  spec.primary = index.primary;
  spec.nulls_distinct = index.nulls_distinct;
  bool plain = index.predicate_sql.empty();
  for (const catalog::IndexKey& part : index.keys) plain &= part.column != 0;
  if (!plain) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("LIKE INCLUDING INDEXES does not copy index \"{}\" on an expression", index.name);
  }
  for (const catalog::IndexKey& part : index.keys) {
    spec.columns.push_back(source.FindColumn(part.column)->name);
  }
  HELIOS_TRY(std::shared_ptr<catalog::Index> copy, AddIndex(spec));
  for (size_t part = 0; part < copy->keys.size(); ++part) {
    copy->keys[part].descending = index.keys[part].descending;
    copy->keys[part].nulls_first = index.keys[part].nulls_first;
  }
  if (index.constraint == kInvalidOid) return Status::Ok();
  catalog::Constraint key;
  HELIOS_TRY(key.oid, session_.NewOid());
  key.kind = index.primary ? catalog::ConstraintKind::kPrimary : catalog::ConstraintKind::kUnique;
  key.name = copy->name;
  key.index = copy->oid;
  for (const catalog::IndexKey& part : copy->keys) key.columns.push_back(part.column);
  if (index.primary) table_->primary_key = key.columns;
  copy->constraint = key.oid;
  table_->constraints.push_back(std::move(key));
  return Status::Ok();
}

namespace {

Status SequenceError(const std::string& message) {
  return Error(ErrorCode::kInvalidParameterValue).Message("{}", message);
}

struct SequenceRange {
  int64_t minimum, maximum;
};
SequenceRange RangeOf(Oid type) {
  if (type == type_oid::kInt2) return {INT16_MIN, INT16_MAX};
  if (type == type_oid::kInt4) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

Result<int64_t> IntegerOption(const ast::Option& option) {
  if (option.value_kind == ast::OptionValueKind::kInteger) return option.integer;
  return ParseInt64(option.text);
}

// The sequence's bounds and its first value fit its type and each other.
Status CheckSequence(const catalog::Sequence& sequence, const std::optional<int64_t>& restart) {
  const SequenceRange range = RangeOf(sequence.type);
  if (sequence.maximum > range.maximum || sequence.maximum < range.minimum) {
    return SequenceError(fmt::format("MAXVALUE ({}) is out of range for sequence data type {}",
                                     sequence.maximum, FormatType({sequence.type}, nullptr)));
  }
  if (sequence.minimum < range.minimum || sequence.minimum > range.maximum) {
    return SequenceError(fmt::format("MINVALUE ({}) is out of range for sequence data type {}",
                                     sequence.minimum, FormatType({sequence.type}, nullptr)));
  }
  if (sequence.minimum >= sequence.maximum) {
    return SequenceError(fmt::format("MINVALUE ({}) must be less than MAXVALUE ({})",
                                     sequence.minimum, sequence.maximum));
  }
  if (sequence.start < sequence.minimum) {
    return SequenceError(fmt::format("START value ({}) cannot be less than MINVALUE ({})",
                                     sequence.start, sequence.minimum));
  }
  if (sequence.start > sequence.maximum) {
    return SequenceError(fmt::format("START value ({}) cannot be greater than MAXVALUE ({})",
                                     sequence.start, sequence.maximum));
  }
  if (restart.has_value() && (*restart < sequence.minimum || *restart > sequence.maximum)) {
    const bool low = *restart < sequence.minimum;
    return SequenceError(fmt::format("RESTART value ({}) cannot be {} than {} ({})", *restart,
                                     low ? "less" : "greater", low ? "MINVALUE" : "MAXVALUE",
                                     low ? sequence.minimum : sequence.maximum));
  }
  return Status::Ok();
}

}  // namespace

Status ApplySequenceOptions(SessionImpl& session, const std::vector<ast::Option>& options,
                            catalog::Sequence* sequence, bool creating,
                            std::optional<int64_t>* restart) {
  bool has_minimum = false, has_maximum = false, has_start = false;
  bool default_minimum = creating, default_maximum = creating;
  for (const ast::Option& option : options) {
    if (option.name == "as") {
      HELIOS_TRY(const ast::TypeName type_name, sql::ParseTypeName(option.text));
      sql::PlannerContext context = session.MakePlannerContext();
      HELIOS_TRY(const SqlType type, sql::ResolveTypeName(type_name, context));
      if (!IsIntegerType(type.oid)) {
        return SequenceError("sequence type must be smallint, integer, or bigint");
      }
      const SequenceRange old_range = RangeOf(sequence->type);
      default_maximum |= sequence->maximum == old_range.maximum;
      default_minimum |= sequence->minimum == old_range.minimum;
      sequence->type = type.oid;
    } else if (option.name == "increment") {
      HELIOS_TRY(sequence->increment, IntegerOption(option));
    } else if (option.name == "minvalue") {
      has_minimum = option.value_kind != ast::OptionValueKind::kNone;
      default_minimum = !has_minimum;
      if (has_minimum) {
        HELIOS_TRY(sequence->minimum, IntegerOption(option));
      }
    } else if (option.name == "maxvalue") {
      has_maximum = option.value_kind != ast::OptionValueKind::kNone;
      default_maximum = !has_maximum;
      if (has_maximum) {
        HELIOS_TRY(sequence->maximum, IntegerOption(option));
      }
    } else if (option.name == "start") {
      has_start = true;
      HELIOS_TRY(sequence->start, IntegerOption(option));
    } else if (option.name == "restart") {
      *restart = sequence->start;
      if (option.value_kind != ast::OptionValueKind::kNone) {
        HELIOS_TRY(*restart, IntegerOption(option));
      } else if (has_start) {
        *restart = sequence->start;
      }
    } else if (option.name == "cache") {
      HELIOS_TRY(sequence->cache, IntegerOption(option));
    } else if (option.name == "cycle") {
      sequence->cycle = option.boolean;
    }
  }
  if (sequence->increment == 0) return SequenceError("INCREMENT must not be zero");
  if (sequence->cache <= 0) {
    return SequenceError(fmt::format("CACHE ({}) must be greater than zero", sequence->cache));
  }
  const SequenceRange range = RangeOf(sequence->type);
  const bool descending = sequence->increment < 0;
  if (default_maximum && !has_maximum) sequence->maximum = descending ? -1 : range.maximum;
  if (default_minimum && !has_minimum) sequence->minimum = descending ? range.minimum : 1;
  if (creating && !has_start) {
    sequence->start = descending ? sequence->maximum : sequence->minimum;
  }
  return CheckSequence(*sequence, *restart);
}

}  // namespace helios::compute
