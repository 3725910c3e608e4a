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
Status CheckForm(const ast::CommonTable& table) {
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

}  // namespace

// Binds one recursive query for a Binder.
class RecursiveBinder {
 public:
  RecursiveBinder(Binder& binder, const ast::CommonTable& table, CteEntry* entry)
      : b_(binder), table_(table), entry_(*entry) {}

  // The query's terms see `ctes`. Fills the entry.
  Result<NodePtr> Bind(CteScope* ctes, QueryScope* parent);

 private:
  // The columns that SEARCH and CYCLE add to the entry, in this order: search sequence, cycle mark,
  // cycle path.
  Status AddSequenceColumns();
  Status BindCycleMarks();
  // The recursive term with those columns of the row before appended to its select list.
  Result<std::unique_ptr<ast::SelectStatement>> ReferToSequence(
      const ast::SelectStatement& term) const;
  // `node`, one of the terms, with those columns computed.
  Result<NodePtr> ComputeSequence(NodePtr node, bool is_recursive);
  // `before`: the column of the row before; kNoColumn in the term that is not recursive.
  Result<ExprPtr> MakeSearchKey(uint32_t before, const std::vector<uint32_t>& ids);
  Result<ExprPtr> MakeDepth(uint32_t before);
  Result<ExprPtr> MakePath(uint32_t before, ExprPtr row);
  ExprPtr MakeMark(uint32_t path_before, ExprPtr row) const;
  std::unique_ptr<expr::RowExpr> MakeRow(const std::vector<size_t>& places,
                                         const std::vector<uint32_t>& ids) const;
  Status CheckTypes(const BoundQuery& recursive_term) const;

  Binder& b_;
  const ast::CommonTable& table_;
  CteEntry& entry_;
  size_t width_ = 0;                    // Of the query without added columns.
  std::vector<size_t> search_, cycle_;  // Positions of the columns that SEARCH and CYCLE name.
  bool has_search_ = false, has_cycle_ = false;
  ExprPtr mark_, unmarked_;
};

Status RecursiveBinder::AddSequenceColumns() {
  has_search_ = !table_.search_column.empty();
  has_cycle_ = !table_.cycle_mark.empty();
  const int location = table_.location;
  if (has_search_) {
    HELIOS_TRY(search_, FindColumns(table_.search_columns, entry_, "search", location));
    HELIOS_TRY(CheckNewName(table_.search_column, entry_, "search sequence", location));
  }
  if (has_cycle_) {
    HELIOS_TRY(cycle_, FindColumns(table_.cycle_columns, entry_, "cycle", location));
    HELIOS_TRY(CheckNewName(table_.cycle_mark, entry_, "cycle mark", location));
    HELIOS_TRY(CheckNewName(table_.cycle_path, entry_, "cycle path", location));
    if (table_.cycle_mark == table_.cycle_path) {
      return Error(ErrorCode::kSyntaxError)
          .Message("cycle mark column name and cycle path column name are the same")
          .Position(PositionOf(location));
    }
    for (const std::string* name : {&table_.cycle_mark, &table_.cycle_path}) {
      if (!has_search_ || *name != table_.search_column) continue;
      return Error(ErrorCode::kSyntaxError)
          .Message("search sequence column name and cycle {} column name are the same",
                   name == &table_.cycle_mark ? "mark" : "path")
          .Position(PositionOf(location));
    }
    HELIOS_TRY(BindCycleMarks());
  }
  const auto add = [&](const std::string& name, SqlType type) {
    entry_.column_names.push_back(name);
    entry_.column_types.push_back(type);
    ++entry_.sequence_count;
  };
  if (has_search_) {
    add(table_.search_column,
        {table_.search_breadth_first ? Oid{t::kRecord} : Oid{t::kRecordArray}, -1});
  }
  if (has_cycle_) {
    add(table_.cycle_mark, mark_->type);
    add(table_.cycle_path, {t::kRecordArray, -1});
  }
  return Status::Ok();
}

Status RecursiveBinder::BindCycleMarks() {
  QueryScope none;
  std::vector<ExprPtr> marks;
  for (const ast::Expr* value : {table_.cycle_value.get(), table_.cycle_default.get()}) {
    HELIOS_TRY(ExprPtr bound, b_.BindExpr(*value, none));
    marks.push_back(std::move(bound));
  }
  HELIOS_TRY(const Oid common, b_.types_.CommonType(marks, "CYCLE"));
  HELIOS_TRY(mark_, b_.types_.CoerceToCommon(std::move(marks[0]), common, "CYCLE"));
  HELIOS_TRY(unmarked_, b_.types_.CoerceToCommon(std::move(marks[1]), common, "CYCLE"));
  if (b_.types_.Equality(common) != nullptr) return Status::Ok();
  return Error(ErrorCode::kUndefinedFunction)
      .Message("could not identify an equality operator for type {}", b_.types_.Name(common));
}

Result<std::unique_ptr<ast::SelectStatement>> RecursiveBinder::ReferToSequence(
    const ast::SelectStatement& term) const {
  const std::string* alias = nullptr;
  for (const ast::FromPtr& item : term.from) {
    if (alias == nullptr) alias = ReferenceAlias(*item, table_.name);
  }
  if (alias == nullptr) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message(
            "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{}\" must be "
            "at the top level of its right-hand SELECT",
            table_.name)
        .Position(PositionOf(table_.location));
  }
  ast::StatementPtr copy = ast::Clone(term);
  std::unique_ptr<ast::SelectStatement> select(static_cast<ast::SelectStatement*>(copy.release()));
  const auto append = [&](const std::string& column) {
    ast::TargetItem item;
    item.expr = MakeReference(*alias, column, table_.location);
    select->targets.push_back(std::move(item));
  };
  if (has_search_) append(table_.search_column);
  if (!has_cycle_) return select;
  append(table_.cycle_path);
  auto unmarked = std::make_unique<ast::Operator>();
  unmarked->op = {"<>"};
  unmarked->left = MakeReference(*alias, table_.cycle_mark, table_.location);
  unmarked->right = ast::Clone(*table_.cycle_value);
  unmarked->location = table_.location;
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

std::unique_ptr<expr::RowExpr> RecursiveBinder::MakeRow(const std::vector<size_t>& places,
                                                        const std::vector<uint32_t>& ids) const {
  auto row = std::make_unique<expr::RowExpr>(SqlType{t::kRecord, -1});
  for (size_t place : places) {
    row->field_names.push_back("f" + std::to_string(row->children.size() + 1));
    row->children.push_back(b_.MakeColumn(ids[place], -1));
  }
  return row;
}

Result<ExprPtr> RecursiveBinder::MakePath(uint32_t before, ExprPtr row) {
  if (before != kNoColumn) {
    std::vector<ExprPtr> arguments;
    arguments.push_back(b_.MakeColumn(before, -1));
    arguments.push_back(std::move(row));
    return b_.MakeFunction("array_append", std::move(arguments), -1);
  }
  auto array = std::make_unique<expr::ArrayExpr>(SqlType{t::kRecordArray, -1}, t::kRecord);
  array->children.push_back(std::move(row));
  return b_.types_.Typed(std::move(array));
}

Result<ExprPtr> RecursiveBinder::MakeDepth(uint32_t before) {
  if (before == kNoColumn) return std::make_unique<expr::ConstantExpr>(Value::Int8(0));
  auto last = std::make_unique<expr::FieldSelectExpr>(SqlType{t::kInt8, -1}, 0);
  last->children.push_back(b_.MakeColumn(before, -1));
  return b_.MakeOperator("+", std::move(last), std::make_unique<expr::ConstantExpr>(Value::Int8(1)),
                         -1);
}

Result<ExprPtr> RecursiveBinder::MakeSearchKey(uint32_t before, const std::vector<uint32_t>& ids) {
  auto row = MakeRow(search_, ids);
  if (!table_.search_breadth_first) return MakePath(before, std::move(row));
  HELIOS_TRY(ExprPtr depth, MakeDepth(before));
  row->children.insert(row->children.begin(), std::move(depth));
  row->field_names.push_back("f" + std::to_string(row->children.size()));
  return row;
}

ExprPtr RecursiveBinder::MakeMark(uint32_t path_before, ExprPtr row) const {
  ExprPtr unmarked = unmarked_->Clone();
  if (path_before == kNoColumn) return unmarked;
  const expr::Operator* equal = b_.types_.Equality(t::kRecord);
  HELIOS_CHECK(equal != nullptr);
  auto met = std::make_unique<expr::ScalarArrayOpExpr>(equal->function, false);
  met->operator_name = "=";
  met->children.push_back(std::move(row));
  met->children.push_back(b_.MakeColumn(path_before, -1));
  auto choice = std::make_unique<expr::CaseExpr>(unmarked->type);
  choice->physical = unmarked->physical;
  choice->children.push_back(std::move(met));
  choice->children.push_back(mark_->Clone());
  choice->children.push_back(std::move(unmarked));
  return choice;
}

Result<NodePtr> RecursiveBinder::ComputeSequence(NodePtr node, bool is_recursive) {
  const std::vector<uint32_t> ids = node->ids;
  auto project = std::make_unique<plan::ProjectNode>();
  for (size_t i = 0; i < width_; ++i) {
    project->ids.push_back(ids[i]);
    project->expressions.push_back(b_.MakeColumn(ids[i], -1));
  }
  const auto add = [&](const std::string& name, ExprPtr value) {
    project->ids.push_back(b_.NewColumn(name, value->type, nullptr));
    project->expressions.push_back(std::move(value));
  };
  size_t next = width_;
  if (has_search_) {
    const uint32_t before = is_recursive ? ids[next++] : kNoColumn;
    HELIOS_TRY(ExprPtr key, MakeSearchKey(before, ids));
    add(table_.search_column, std::move(key));
  }
  if (has_cycle_) {
    const uint32_t before = is_recursive ? ids[next] : kNoColumn;
    HELIOS_TRY(ExprPtr path, MakePath(before, MakeRow(cycle_, ids)));
    add(table_.cycle_mark, MakeMark(before, MakeRow(cycle_, ids)));
    add(table_.cycle_path, std::move(path));
  }
  project->children.push_back(std::move(node));
  return project;
}

Status RecursiveBinder::CheckTypes(const BoundQuery& recursive_term) const {
  for (size_t i = 0; i < width_; ++i) {
    const SqlType have = entry_.column_types[i];
    const std::vector<SqlType> pair{have, b_.columns_[recursive_term.columns[i].id].type};
    HELIOS_TRY(const Oid common, b_.types_.CommonType(pair, {}, "UNION"));
    const bool other_length = have.typmod >= 0 && pair[1].typmod != have.typmod;
    if (common == have.oid && !other_length) continue;
    return Error(ErrorCode::kDatatypeMismatch)
        .Message(
            "recursive query \"{}\" column {} has type {} in non-recursive term but type {} "
            "overall",
            table_.name, i + 1, b_.types_.Name(have), b_.types_.Name(common))
        .Hint("Cast the output of the non-recursive term to the correct type.");
  }
  return Status::Ok();
}

Result<NodePtr> RecursiveBinder::Bind(CteScope* ctes, QueryScope* parent) {
  const auto& select = ast::As<ast::SelectStatement>(*table_.query);
  entry_.not_yet_bound = true;
  HELIOS_TRY(BoundQuery left, b_.BindQuery(*select.left, parent, ctes, {}));
  entry_.not_yet_bound = false;
  HELIOS_TRY(b_.NameCteColumns(table_, left.columns, &entry_));
  width_ = left.columns.size();
  const std::vector<SqlType> types = entry_.column_types;
  HELIOS_TRY(AddSequenceColumns());
  const bool has_sequence = entry_.sequence_count > 0;
  const ast::SelectStatement* term = select.right.get();
  if (has_sequence) {
    HELIOS_TRY(std::unique_ptr<ast::SelectStatement> referring, ReferToSequence(*term));
    term = referring.get();
    b_.view_trees_.push_back(std::move(referring));
  }
  entry_.work_table = b_.plan_->work_table_count++;
  entry_.recursive_open = true;
  QueryOptions options;
  options.resolve_unknown = false;
  options.targets = types;
  HELIOS_TRY(BoundQuery right, b_.BindQuery(*term, parent, ctes, options));
  entry_.recursive_open = false;
  std::vector<SqlType> right_types = types;
  if (has_search_) right_types.push_back(entry_.column_types[width_]);
  if (has_cycle_) right_types.push_back({t::kRecordArray, -1});
  if (right.columns.size() != right_types.size()) {
    return Error(ErrorCode::kSyntaxError)
        .Message("each UNION query must have the same number of columns");
  }
  HELIOS_TRY(CheckTypes(right));
  auto node = std::make_unique<plan::RecursiveUnionNode>();
  node->work_table = entry_.work_table;
  node->distinct = !select.all;
  for (size_t i = 0; i < entry_.column_names.size(); ++i) {
    node->ids.push_back(b_.NewColumn(entry_.column_names[i], entry_.column_types[i], nullptr));
  }
  HELIOS_TRY(NodePtr left_node, b_.CoerceColumns(std::move(left), types, "UNION"));
  HELIOS_TRY(NodePtr right_node, b_.CoerceColumns(std::move(right), right_types, "UNION"));
  if (has_sequence) {
    HELIOS_TRY(left_node, ComputeSequence(std::move(left_node), false));
    HELIOS_TRY(right_node, ComputeSequence(std::move(right_node), true));
  }
  node->children.push_back(std::move(left_node));
  node->children.push_back(std::move(right_node));
  return node;
}

Result<NodePtr> Binder::BindRecursive(const ast::CommonTable& table, CteEntry* entry,
                                      CteScope* ctes, QueryScope* parent) {
  HELIOS_TRY(CheckForm(table));
  const auto& select = ast::As<ast::SelectStatement>(*table.query);
  RecursiveBinder binder(*this, table, entry);
  if (select.with == nullptr) return binder.Bind(ctes, parent);
  CteScope inner;
  inner.parent = ctes;
  std::vector<NodePtr> bodies;
  std::vector<bool> always_run;
  HELIOS_TRY(BindWith(*select.with, parent, &inner, &bodies, &always_run));
  HELIOS_TRY(NodePtr node, binder.Bind(&inner, parent));
  if (bodies.empty()) return node;
  return WrapCtes(std::move(node), &inner, std::move(bodies), std::move(always_run));
}

}  // namespace helios::sql::binder
