// CREATE TABLE, CREATE TABLE AS, CREATE INDEX.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

namespace {

ForeignKeyAction ActionOf(std::string_view letter) {
  if (letter == "r") return ForeignKeyAction::kRestrict;
  if (letter == "c") return ForeignKeyAction::kCascade;
  if (letter == "n") return ForeignKeyAction::kSetNull;
  if (letter == "d") return ForeignKeyAction::kSetDefault;
  return ForeignKeyAction::kNoAction;
}

ForeignKeyMatch MatchOf(std::string_view letter) {
  if (letter == "f") return ForeignKeyMatch::kFull;
  if (letter == "p") return ForeignKeyMatch::kPartial;
  return ForeignKeyMatch::kSimple;
}

ConstraintKind KindOf(PgQuery__ConstrType type) {
  switch (type) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL:
      return ConstraintKind::kNotNull;
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
      return ConstraintKind::kDefault;
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY:
      return ConstraintKind::kIdentity;
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
      return ConstraintKind::kGenerated;
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
      return ConstraintKind::kCheck;
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
      return ConstraintKind::kPrimaryKey;
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
      return ConstraintKind::kUnique;
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION:
      return ConstraintKind::kExclusion;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
      return ConstraintKind::kForeignKey;
    default:
      return ConstraintKind::kNull;
  }
}

bool MayDefer(const Constraint& constraint) {
  return constraint.constraint == ConstraintKind::kPrimaryKey ||
         constraint.constraint == ConstraintKind::kUnique ||
         constraint.constraint == ConstraintKind::kExclusion ||
         constraint.constraint == ConstraintKind::kForeignKey;
}

}  // namespace

OnCommit Translator::OnCommitOf(PgQuery__OnCommitAction action) {
  switch (action) {
    case PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_PRESERVE_ROWS:
      return OnCommit::kPreserveRows;
    case PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DELETE_ROWS:
      return OnCommit::kDeleteRows;
    case PG_QUERY__ON_COMMIT_ACTION__ONCOMMIT_DROP:
      return OnCommit::kDrop;
    default:
      return OnCommit::kNone;
  }
}

Constraint Translator::ConstraintOf(const PgQuery__Constraint& node) {
  Constraint result;
  result.constraint = KindOf(node.contype);
  result.name = pg::Str(node.conname);
  result.expr = Expression(node.raw_expr);
  result.identity_always = pg::Str(node.generated_when) == "a";
  result.options = Options(HELIOS_PG_LIST(node, options));
  const bool is_foreign = result.constraint == ConstraintKind::kForeignKey;
  result.columns = Names(is_foreign ? HELIOS_PG_LIST(node, fk_attrs) : HELIOS_PG_LIST(node, keys));
  result.including = Names(HELIOS_PG_LIST(node, including));
  result.nulls_not_distinct = node.nulls_not_distinct;
  result.using_index = pg::Str(node.indexname);
  result.tablespace = pg::Str(node.indexspace);
  result.access_method = pg::Str(node.access_method);
  result.where = Expression(node.where_clause);
  for (const Node* pair : HELIOS_PG_LIST(node, exclusions)) {
    const Nodes parts = pg::ItemsOf(pair);
    if (parts.size() != 2 || pg::CaseOf(parts[0]) != PG_QUERY__NODE__NODE_INDEX_ELEM) continue;
    ExclusionElement& exclusion = result.exclusions.emplace_back();
    exclusion.element = IndexElementOf(*parts[0]->index_elem);
    exclusion.op = Names(pg::ItemsOf(parts[1]));
  }
  if (is_foreign) {
    result.referenced = Relation(node.pktable);
    result.referenced_columns = Names(HELIOS_PG_LIST(node, pk_attrs));
    result.match = MatchOf(pg::Str(node.fk_matchtype));
    result.on_update = ActionOf(pg::Str(node.fk_upd_action));
    result.on_delete = ActionOf(pg::Str(node.fk_del_action));
    result.on_delete_columns = Names(HELIOS_PG_LIST(node, fk_del_set_cols));
  }
  result.deferrable = node.deferrable;
  result.initially_deferred = node.initdeferred;
  result.no_inherit = node.is_no_inherit;
  const bool is_checked = is_foreign || result.constraint == ConstraintKind::kCheck;
  result.not_valid = is_checked && node.skip_validation;
  result.location = At(node.location);
  return result;
}

std::vector<Constraint> Translator::ColumnConstraints(Nodes nodes) {
  std::vector<Constraint> constraints;
  bool saw_deferrable = false;
  bool saw_initially = false;
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_CONSTRAINT) continue;
    const PgQuery__Constraint& source = *node->constraint;
    const PgQuery__ConstrType type = source.contype;
    if (type < PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE) {
      constraints.push_back(ConstraintOf(source));
      saw_deferrable = saw_initially = false;
      continue;
    }
    // [NOT] DEFERRABLE and INITIALLY come as constraints of their own behind the one they qualify.
    const bool is_initially = type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED ||
                              type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE;
    const std::string_view clause =
        type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE       ? "DEFERRABLE"
        : type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE ? "NOT DEFERRABLE"
        : type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED       ? "INITIALLY DEFERRED"
                                                                    : "INITIALLY IMMEDIATE";
    if (constraints.empty() || !MayDefer(constraints.back())) {
      Fail(Error(ErrorCode::kSyntaxError).Message("misplaced {} clause", clause), source.location);
      continue;
    }
    Constraint& last = constraints.back();
    bool& seen = is_initially ? saw_initially : saw_deferrable;
    if (seen) {
      Fail(
          Error(ErrorCode::kSyntaxError)
              .Message("multiple {} clauses not allowed",
                       is_initially ? "INITIALLY IMMEDIATE/DEFERRED" : "DEFERRABLE/NOT DEFERRABLE"),
          source.location);
    }
    seen = true;
    if (type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE) last.deferrable = true;
    if (type == PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED) {
      last.initially_deferred = true;
      if (!saw_deferrable) last.deferrable = true;
    }
    if (last.initially_deferred && !last.deferrable) {
      Fail(Error(ErrorCode::kSyntaxError)
               .Message("constraint declared INITIALLY DEFERRED must be DEFERRABLE"),
           source.location);
    }
  }
  return constraints;
}

ColumnDefinition Translator::Column(const PgQuery__ColumnDef& node) {
  ColumnDefinition column;
  column.name = pg::Str(node.colname);
  column.type = TypeOrNull(node.type_name);
  if (node.coll_clause != nullptr) {
    column.collation = Names(HELIOS_PG_LIST(*node.coll_clause, collname));
  }
  column.compression = pg::Str(node.compression);
  column.constraints = ColumnConstraints(HELIOS_PG_LIST(node, constraints));
  column.location = At(node.location);
  return column;
}

std::unique_ptr<PartitionBound> Translator::Bound(const PgQuery__PartitionBoundSpec* node) {
  if (node == nullptr) return nullptr;
  auto bound = std::make_unique<PartitionBound>();
  const std::string_view letter = pg::Str(node->strategy);
  bound->strategy = letter == "l" ? "list" : letter == "r" ? "range" : letter == "h" ? "hash" : "";
  bound->is_default = node->is_default;
  bound->modulus = node->modulus;
  bound->remainder = node->remainder;
  bound->values = Expressions(HELIOS_PG_LIST(*node, listdatums));
  bound->lower = Expressions(HELIOS_PG_LIST(*node, lowerdatums));
  bound->upper = Expressions(HELIOS_PG_LIST(*node, upperdatums));
  bound->location = At(node->location);
  return bound;
}

std::unique_ptr<PartitionKey> Translator::PartitionKeyOf(const PgQuery__PartitionSpec* node) {
  if (node == nullptr) return nullptr;
  auto key = std::make_unique<PartitionKey>();
  key->strategy = pg::Str(node->strategy);
  key->location = At(node->location);
  for (const Node* item : HELIOS_PG_LIST(*node, part_params)) {
    if (pg::CaseOf(item) != PG_QUERY__NODE__NODE_PARTITION_ELEM) continue;
    const PgQuery__PartitionElem& source = *item->partition_elem;
    IndexElement& element = key->elements.emplace_back();
    element.column = pg::Str(source.name);
    element.expr = Expression(source.expr);
    element.collation = Names(HELIOS_PG_LIST(source, collation));
    element.op_class = Names(HELIOS_PG_LIST(source, opclass));
  }
  return key;
}

StatementPtr Translator::CreateTable(const PgQuery__CreateStmt& node) {
  auto create = std::make_unique<CreateTableStatement>();
  create->relation = Relation(node.relation);
  create->relation.only = false;
  create->if_not_exists = node.if_not_exists;
  for (const Node* element : HELIOS_PG_LIST(node, table_elts)) {
    switch (pg::CaseOf(element)) {
      case PG_QUERY__NODE__NODE_COLUMN_DEF:
        create->columns.push_back(Column(*element->column_def));
        break;
      case PG_QUERY__NODE__NODE_CONSTRAINT:
        create->constraints.push_back(ConstraintOf(*element->constraint));
        break;
      case PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE: {
        constexpr uint32_t kAll = 0x1ff;
        LikeClause& like = create->likes.emplace_back();
        like.relation = Relation(element->table_like_clause->relation);
        like.including = element->table_like_clause->options & kAll;
        like.before_column = create->columns.size();
        break;
      }
      default:
        Unsupported("this table element", -1);
        break;
    }
  }
  for (const Node* constraint : HELIOS_PG_LIST(node, constraints)) {
    if (pg::CaseOf(constraint) != PG_QUERY__NODE__NODE_CONSTRAINT) continue;
    create->constraints.push_back(ConstraintOf(*constraint->constraint));
  }
  for (const Node* parent : HELIOS_PG_LIST(node, inh_relations)) {
    create->inherits.push_back(RelationOf(parent));
  }
  create->partition_of = Bound(node.partbound);
  create->partition_by = PartitionKeyOf(node.partspec);
  create->of_type = TypeOrNull(node.of_typename);
  create->options = Options(HELIOS_PG_LIST(node, options));
  create->on_commit = OnCommitOf(node.oncommit);
  create->tablespace = pg::Str(node.tablespacename);
  create->access_method = pg::Str(node.access_method);
  return create;
}

StatementPtr Translator::CreateTableAs(const PgQuery__CreateTableAsStmt& node) {
  auto create = std::make_unique<CreateTableAsStatement>();
  create->materialized_view = node.objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
  create->if_not_exists = node.if_not_exists;
  if (node.into != nullptr) {
    const PgQuery__IntoClause& into = *node.into;
    create->relation = Relation(into.rel);
    create->relation.only = false;
    create->columns = Names(HELIOS_PG_LIST(into, col_names));
    create->options = Options(HELIOS_PG_LIST(into, options));
    create->on_commit = OnCommitOf(into.on_commit);
    create->tablespace = pg::Str(into.table_space_name);
    create->access_method = pg::Str(into.access_method);
    create->with_data = !into.skip_data;
  }
  create->query = TranslateStatement(node.query);
  return create;
}

StatementPtr Translator::CreateIndex(const PgQuery__IndexStmt& node) {
  auto create = std::make_unique<CreateIndexStatement>();
  create->name = pg::Str(node.idxname);
  create->relation = Relation(node.relation);
  create->unique = node.unique;
  create->concurrently = node.concurrent;
  create->if_not_exists = node.if_not_exists;
  create->nulls_not_distinct = node.nulls_not_distinct;
  create->access_method = pg::Str(node.access_method);
  create->elements = IndexElements(HELIOS_PG_LIST(node, index_params));
  for (const IndexElement& element : IndexElements(HELIOS_PG_LIST(node, index_including_params))) {
    if (element.expr != nullptr) {
      Fail(Error(ErrorCode::kFeatureNotSupported)
               .Message("expressions are not supported in included columns"),
           -1);
    }
    create->including.push_back(element.column);
  }
  create->options = Options(HELIOS_PG_LIST(node, options));
  create->tablespace = pg::Str(node.table_space);
  create->where = Expression(node.where_clause);
  return create;
}

}  // namespace helios::sql
