// WITH RECURSIVE, and its SEARCH and CYCLE clauses.
//
// SEARCH and CYCLE add columns to what both terms give (PostgreSQL's rewriteSearchCycle.c). Depth
// first: the rows' search columns from the root on, as an array of records. Breadth first: a record
// of the depth and the row's search columns. A cycle: the path so far, and a mark that is set when
// the row's cycle columns are on it already; a marked row goes no further. The recursive term reads
// the columns of the row before through its reference to the query: they are appended to its
// select list, and computed on above it.
#include <algorithm>

#include "sql/ast_util.h"
#include "sql/binder/internal/binder.h"
#include "sql/plan/walk.h"

namespace helios::sql::binder {

namespace {
namespace t = type_oid;
using expr::ExprKind;

int CountMentions(const ast::Statement& statement, const std::string& name) {
  int count = 0;
  ast::WalkRelations(statement, [&](const ast::RelationName& relation) {
    if (relation.schema.empty() && relation.name == name) ++count;
  });
  return count;
}

// Where a recursive reference may not stand, as PostgreSQL's checkWellFormedRecursion words it.
class RecursionCheck {
 public:
  explicit RecursionCheck(const std::string& name) : name_(name) {}

  // `place`: what the term lies in that allows no reference; null: nothing.
  Status CheckTerm(const ast::SelectStatement& term, const char* place) {
    switch (term.op) {
      case ast::SetOperation::kNone:
        break;
      case ast::SetOperation::kUnion:
        HELIOS_TRY(CheckTerm(*term.left, place));
        return CheckTerm(*term.right, place);
      case ast::SetOperation::kIntersect: {
        const char* inside = place == nullptr && term.all ? "INTERSECT" : place;
        HELIOS_TRY(CheckTerm(*term.left, inside));
        return CheckTerm(*term.right, inside);
      }
      case ast::SetOperation::kExcept:
        HELIOS_TRY(CheckTerm(*term.left, place == nullptr && term.all ? "EXCEPT" : place));
        return CheckTerm(*term.right, place == nullptr ? "EXCEPT" : place);
    }
    for (const ast::FromPtr& item : term.from) HELIOS_TRY(CheckFrom(*item, place));
    Status status;
    ast::WalkExprs(term, [&](const ast::Expr& expr) {
      const auto* subquery = ast::TryAs<ast::Subquery>(&expr);
      if (subquery == nullptr || CountMentions(*subquery->query, name_) == 0) {
        return ast::WalkStep::kDescend;
      }
      status = Misplaced("a subquery", subquery->location);
      return ast::WalkStep::kStop;
    });
    return status;
  }

 private:
  Status Misplaced(const char* place, int location) const {
    return Error(ErrorCode::kInvalidRecursion)
        .Message("recursive reference to query \"{}\" must not appear within {}", name_, place)
        .Position(PositionOf(location));
  }
  Status CheckFrom(const ast::FromItem& item, const char* place) {
    switch (item.kind) {
      case ast::FromKind::kTable: {
        const auto& table = ast::As<ast::FromTable>(item);
        if (place == nullptr || !table.relation.schema.empty() || table.relation.name != name_) {
          return Status::Ok();
        }
        return Misplaced(place, table.relation.location);
      }
      case ast::FromKind::kSubquery: {
        const auto& query = *ast::As<ast::FromSubquery>(item).query;
        if (query.kind != ast::StatementKind::kSelect) return Status::Ok();
        return CheckTerm(ast::As<ast::SelectStatement>(query), place);
      }
      case ast::FromKind::kFunction:
        return Status::Ok();
      case ast::FromKind::kJoin:
        break;
    }
    const auto& join = ast::As<ast::FromJoin>(item);
    const bool left_null = join.join == ast::JoinKind::kRight || join.join == ast::JoinKind::kFull;
    const bool right_null = join.join == ast::JoinKind::kLeft || join.join == ast::JoinKind::kFull;
    const char* outer = place == nullptr ? "an outer join" : place;
    HELIOS_TRY(CheckFrom(*join.left, left_null ? outer : place));
    return CheckFrom(*join.right, right_null ? outer : place);
  }

  const std::string& name_;
};

// The name by which the FROM list knows the query `name`; null: it is not in it.
const std::string* ReferenceAlias(const ast::FromItem& item, const std::string& name) {
  if (item.kind == ast::FromKind::kTable) {
    const auto& table = ast::As<ast::FromTable>(item);
    if (!table.relation.schema.empty() || table.relation.name != name) return nullptr;
    return table.alias == nullptr ? &table.relation.name : &table.alias->name;
  }
  if (item.kind != ast::FromKind::kJoin) return nullptr;
  const auto& join = ast::As<ast::FromJoin>(item);
  const std::string* left = ReferenceAlias(*join.left, name);
  return left != nullptr ? left : ReferenceAlias(*join.right, name);
}

ast::ExprPtr MakeReference(const std::string& alias, const std::string& column, int location) {
  auto reference = std::make_unique<ast::ColumnRef>();
  reference->names = {alias, column};
  reference->location = location;
  return reference;
}

// Places of `names` among the query's columns.
Result<std::vector<size_t>> FindColumns(const ast::NameList& names, const CteEntry& entry,
                                        const char* what, int location) {
  std::vector<size_t> places;
  for (const std::string& name : names) {
    const auto& columns = entry.column_names;
    const auto found = std::find(columns.begin(), columns.end(), name);
    if (found == columns.end()) {
      return Error(ErrorCode::kSyntaxError)
          .Message("{} column \"{}\" not in WITH query column list", what, name)
          .Position(PositionOf(location));
    }
    const auto place = static_cast<size_t>(found - columns.begin());
    if (std::find(places.begin(), places.end(), place) != places.end()) {
      return Error(ErrorCode::kDuplicateColumn)
          .Message("{} column \"{}\" specified more than once", what, name)
          .Position(PositionOf(location));
    }
    places.push_back(place);
  }
  return places;
}

Status CheckNewName(const std::string& name, const CteEntry& entry, const char* what,
                    int location) {
  const auto& columns = entry.column_names;
  if (std::find(columns.begin(), columns.end(), name) == columns.end()) return Status::Ok();
  return Error(ErrorCode::kSyntaxError)
      .Message("{} column name \"{}\" already used in WITH query column list", what, name)
      .Position(PositionOf(location));
}
}  // namespace

// The columns that SEARCH and CYCLE add, in this order: search sequence, cycle mark, cycle path.
struct Binder::SequenceColumns {
  const ast::CommonTable* table = nullptr;
  size_t width = 0;  // Of the query without them.
  std::vector<size_t> search, cycle;
  bool has_search = false, has_cycle = false;
  ExprPtr mark, unmarked;
};

Status Binder::AddSequenceColumns(const ast::CommonTable& table, CteEntry* entry,
                                  SequenceColumns* out) {
  out->table = &table;
  out->width = entry->column_names.size();
  out->has_search = !table.search_column.empty();
  out->has_cycle = !table.cycle_mark.empty();
  const auto add = [&](const std::string& name, SqlType type) {
    entry->column_names.push_back(name);
    entry->column_types.push_back(type);
    ++entry->sequence_count;
  };
  if (out->has_search) {
    HELIOS_TRY(out->search, FindColumns(table.search_columns, *entry, "search", table.location));
    HELIOS_TRY(CheckNewName(table.search_column, *entry, "search sequence", table.location));
  }
  if (out->has_cycle) {
    HELIOS_TRY(out->cycle, FindColumns(table.cycle_columns, *entry, "cycle", table.location));
    HELIOS_TRY(CheckNewName(table.cycle_mark, *entry, "cycle mark", table.location));
    HELIOS_TRY(CheckNewName(table.cycle_path, *entry, "cycle path", table.location));
    if (table.cycle_mark == table.cycle_path) {
      return Error(ErrorCode::kSyntaxError)
          .Message("cycle mark column name and cycle path column name are the same")
          .Position(PositionOf(table.location));
    }
    for (const std::string* name : {&table.cycle_mark, &table.cycle_path}) {
      if (!out->has_search || *name != table.search_column) continue;
      return Error(ErrorCode::kSyntaxError)
          .Message("search sequence column name and cycle {} column name are the same",
                   name == &table.cycle_mark ? "mark" : "path")
          .Position(PositionOf(table.location));
    }
    QueryScope none;
    std::vector<ExprPtr> marks;
    for (const ast::Expr* value : {table.cycle_value.get(), table.cycle_default.get()}) {
      HELIOS_TRY(ExprPtr bound, BindExpr(*value, none));
      marks.push_back(std::move(bound));
    }
    HELIOS_TRY(const Oid common, types_.CommonType(marks, "CYCLE"));
    HELIOS_TRY(out->mark, types_.CoerceToCommon(std::move(marks[0]), common, "CYCLE"));
    HELIOS_TRY(out->unmarked, types_.CoerceToCommon(std::move(marks[1]), common, "CYCLE"));
    if (types_.Equality(common) == nullptr) {
      return Error(ErrorCode::kUndefinedFunction)
          .Message("could not identify an equality operator for type {}", types_.Name(common));
    }
  }
  if (out->has_search) {
    add(table.search_column,
        {table.search_breadth_first ? Oid{t::kRecord} : Oid{t::kRecordArray}, -1});
  }
  if (out->has_cycle) {
    add(table.cycle_mark, out->mark->type);
    add(table.cycle_path, {t::kRecordArray, -1});
  }
  return Status::Ok();
}

Result<std::unique_ptr<ast::SelectStatement>> Binder::ReferToSequence(
    const ast::SelectStatement& term, const SequenceColumns& columns) {
  const ast::CommonTable& table = *columns.table;
  const std::string* alias = nullptr;
  for (const ast::FromPtr& item : term.from) {
    if (alias == nullptr) alias = ReferenceAlias(*item, table.name);
  }
  if (alias == nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message(
            "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{}\" must be "
            "at the top level of its right-hand SELECT",
            table.name)
        .Position(PositionOf(table.location));
  }
  ast::StatementPtr copy = ast::Clone(term);
  std::unique_ptr<ast::SelectStatement> select(static_cast<ast::SelectStatement*>(copy.release()));
  const auto append = [&](const std::string& column) {
    ast::TargetItem item;
    item.expr = MakeReference(*alias, column, table.location);
    select->targets.push_back(std::move(item));
  };
  if (columns.has_search) append(table.search_column);
  if (!columns.has_cycle) return select;
  append(table.cycle_path);
  auto unmarked = std::make_unique<ast::Operator>();
  unmarked->op = {"<>"};
  unmarked->left = MakeReference(*alias, table.cycle_mark, table.location);
  unmarked->right = ast::Clone(*table.cycle_value);
  unmarked->location = table.location;
  if (select->where == nullptr) {
    select->where = std::move(unmarked);
    return select;
  }
  auto both = std::make_unique<ast::Boolean>();
  both->op = ast::BooleanOp::kAnd;
  both->args.push_back(std::move(select->where));
  both->args.push_back(std::move(unmarked));
  select->where = std::move(both);
  return select;
}

Result<NodePtr> Binder::ComputeSequence(const SequenceColumns& columns, NodePtr node,
                                        bool recursive) {
  const std::vector<uint32_t> ids = node->ids;
  auto project = std::make_unique<plan::ProjectNode>();
  for (size_t i = 0; i < columns.width; ++i) {
    project->ids.push_back(ids[i]);
    project->expressions.push_back(MakeColumn(ids[i], -1));
  }
  const auto add = [&](const std::string& name, ExprPtr value) {
    project->ids.push_back(NewColumn(name, value->type, nullptr));
    project->expressions.push_back(std::move(value));
  };
  const auto row_of = [&](const std::vector<size_t>& places) {
    auto row = std::make_unique<expr::RowExpr>(SqlType{t::kRecord, -1});
    for (size_t place : places) {
      row->field_names.push_back("f" + std::to_string(row->children.size() + 1));
      row->children.push_back(MakeColumn(ids[place], -1));
    }
    return row;
  };
  const auto path_with = [&](uint32_t before, ExprPtr row) -> Result<ExprPtr> {
    if (recursive) {
      std::vector<ExprPtr> arguments;
      arguments.push_back(MakeColumn(before, -1));
      arguments.push_back(std::move(row));
      return MakeFunction("array_append", std::move(arguments), -1);
    }
    auto array = std::make_unique<expr::ArrayExpr>(SqlType{t::kRecordArray, -1}, t::kRecord);
    array->children.push_back(std::move(row));
    return types_.Typed(std::move(array));
  };
  size_t next = columns.width;
  if (columns.has_search) {
    const uint32_t before = recursive ? ids[next++] : kNoColumn;
    if (columns.table->search_breadth_first) {
      ExprPtr depth = std::make_unique<expr::ConstantExpr>(Value::Int8(0));
      if (recursive) {
        auto last = std::make_unique<expr::FieldSelectExpr>(SqlType{t::kInt8, -1}, 0);
        last->children.push_back(MakeColumn(before, -1));
        HELIOS_TRY(depth, MakeOperator("+", std::move(last),
                                       std::make_unique<expr::ConstantExpr>(Value::Int8(1)), -1));
      }
      auto row = row_of(columns.search);
      row->children.insert(row->children.begin(), std::move(depth));
      row->field_names.push_back("f" + std::to_string(row->children.size()));
      add(columns.table->search_column, std::move(row));
    } else {
      HELIOS_TRY(ExprPtr path, path_with(before, row_of(columns.search)));
      add(columns.table->search_column, std::move(path));
    }
  }
  if (columns.has_cycle) {
    const uint32_t before = recursive ? ids[next] : kNoColumn;
    ExprPtr mark = columns.unmarked->Clone();
    if (recursive) {
      const expr::Operator* equal = types_.Equality(t::kRecord);
      HELIOS_CHECK(equal != nullptr);
      auto met = std::make_unique<expr::ScalarArrayOpExpr>(equal->function, false);
      met->operator_name = "=";
      met->children.push_back(row_of(columns.cycle));
      met->children.push_back(MakeColumn(before, -1));
      auto choice = std::make_unique<expr::CaseExpr>(mark->type);
      choice->physical = mark->physical;
      choice->children.push_back(std::move(met));
      choice->children.push_back(columns.mark->Clone());
      choice->children.push_back(std::move(mark));
      mark = std::move(choice);
    }
    HELIOS_TRY(ExprPtr path, path_with(before, row_of(columns.cycle)));
    add(columns.table->cycle_mark, std::move(mark));
    add(columns.table->cycle_path, std::move(path));
  }
  project->children.push_back(std::move(node));
  return project;
}

Status Binder::CheckRecursive(const ast::CommonTable& table) {
  const auto& select = ast::As<ast::SelectStatement>(*table.query);
  const auto invalid = [&](std::string_view text) {
    return Error(ErrorCode::kInvalidRecursion)
        .Message("recursive {}", text)
        .Position(PositionOf(table.location));
  };
  if (select.op != ast::SetOperation::kUnion) {
    return invalid(fmt::format(
        "query \"{}\" does not have the form non-recursive-term UNION [ALL] recursive-term",
        table.name));
  }
  if (!select.order_by.empty() || select.limit != nullptr || select.offset != nullptr ||
      !select.locking.empty()) {
    const char* what = !select.order_by.empty()   ? "ORDER BY"
                       : select.offset != nullptr ? "OFFSET"
                       : select.limit != nullptr  ? "LIMIT"
                                                  : "FOR UPDATE/SHARE";
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("{} in a recursive query is not implemented", what)
        .Position(PositionOf(table.location));
  }
  if (CountMentions(*select.left, table.name) > 0) {
    return invalid(fmt::format(
        "reference to query \"{}\" must not appear within its non-recursive term", table.name));
  }
  if (CountMentions(*select.right, table.name) > 1) {
    return invalid(
        fmt::format("reference to query \"{}\" must not appear more than once", table.name));
  }
  HELIOS_TRY(RecursionCheck(table.name).CheckTerm(*select.right, nullptr));
  if (table.search_column.empty() && table.cycle_mark.empty()) return Status::Ok();
  for (const ast::SelectStatement* term : {select.left.get(), select.right.get()}) {
    if (term->op == ast::SetOperation::kNone && term->values.empty()) continue;
    if (term == select.left.get() && term->op == ast::SetOperation::kNone) continue;
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("with a SEARCH or CYCLE clause, the {} side of the UNION must be a SELECT",
                 term == select.left.get() ? "left" : "right")
        .Position(PositionOf(table.location));
  }
  return Status::Ok();
}

Status Binder::CheckRecursiveTypes(const ast::CommonTable& table, const CteEntry& entry,
                                   size_t width, const BoundQuery& right) {
  for (size_t i = 0; i < width; ++i) {
    const SqlType have = entry.column_types[i];
    const std::vector<SqlType> pair{have, columns_[right.columns[i].id].type};
    HELIOS_TRY(const Oid common, types_.CommonType(pair, {}, "UNION"));
    const bool other_length = have.typmod >= 0 && pair[1].typmod != have.typmod;
    if (common == have.oid && !other_length) continue;
    return Error(ErrorCode::kDatatypeMismatch)
        .Message(
            "recursive query \"{}\" column {} has type {} in non-recursive term but type {} "
            "overall",
            table.name, i + 1, types_.Name(have), types_.Name(common))
        .Hint("Cast the output of the non-recursive term to the correct type.");
  }
  return Status::Ok();
}

Result<NodePtr> Binder::BindRecursive(const ast::CommonTable& table, CteEntry* entry,
                                      CteScope* ctes, QueryScope* parent) {
  HELIOS_TRY(CheckRecursive(table));
  const auto& select = ast::As<ast::SelectStatement>(*table.query);
  CteScope inner;
  inner.parent = ctes;
  CteScope* terms = ctes;
  std::vector<NodePtr> bodies;
  std::vector<bool> always_run;
  if (select.with != nullptr) {
    HELIOS_TRY(BindWith(*select.with, parent, &inner, &bodies, &always_run));
    terms = &inner;
  }
  entry->not_yet_bound = true;
  HELIOS_TRY(BoundQuery left, BindQuery(*select.left, parent, terms, {}));
  entry->not_yet_bound = false;
  HELIOS_TRY(NameCteColumns(table, left.columns, entry));
  const size_t width = left.columns.size();
  const std::vector<SqlType> types = entry->column_types;
  SequenceColumns sequence;
  HELIOS_TRY(AddSequenceColumns(table, entry, &sequence));
  const bool has_sequence = entry->sequence_count > 0;
  std::unique_ptr<ast::SelectStatement> referring;
  if (has_sequence) {
    HELIOS_TRY(referring, ReferToSequence(*select.right, sequence));
  }
  entry->work_table = plan_->work_table_count++;
  entry->recursive_open = true;
  QueryOptions options;
  options.resolve_unknown = false;
  options.targets = types;
  HELIOS_TRY(BoundQuery right,
             BindQuery(has_sequence ? *referring : *select.right, parent, terms, options));
  entry->recursive_open = false;
  std::vector<SqlType> right_types = types;
  if (sequence.has_search) right_types.push_back(entry->column_types[width]);
  if (sequence.has_cycle) right_types.push_back({t::kRecordArray, -1});
  if (right.columns.size() != right_types.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("each UNION query must have the same number of columns");
  }
  HELIOS_TRY(CheckRecursiveTypes(table, *entry, width, right));
  auto node = std::make_unique<plan::RecursiveUnionNode>();
  node->work_table = entry->work_table;
  node->distinct = !select.all;
  for (size_t i = 0; i < entry->column_names.size(); ++i) {
    node->ids.push_back(NewColumn(entry->column_names[i], entry->column_types[i], nullptr));
  }
  HELIOS_TRY(NodePtr left_node, CoerceColumns(std::move(left), types, "UNION"));
  HELIOS_TRY(NodePtr right_node, CoerceColumns(std::move(right), right_types, "UNION"));
  if (has_sequence) {
    HELIOS_TRY(left_node, ComputeSequence(sequence, std::move(left_node), false));
    HELIOS_TRY(right_node, ComputeSequence(sequence, std::move(right_node), true));
  }
  node->children.push_back(std::move(left_node));
  node->children.push_back(std::move(right_node));
  if (referring != nullptr) view_trees_.push_back(std::move(referring));
  if (bodies.empty()) return node;
  return WrapCtes(std::move(node), &inner, std::move(bodies), std::move(always_run));
}

}  // namespace helios::sql::binder
