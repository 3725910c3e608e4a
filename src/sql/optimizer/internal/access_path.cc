#include "sql/optimizer/internal/access_path.h"

#include <algorithm>

#include "expr/function_registry.h"
#include "sql/binder/internal/table_expr.h"
#include "types/key_codec.h"

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::NodeKind;
using plan::NodePtr;
namespace t = type_oid;

constexpr size_t kAlternativesMax = 64;
// A row fetched through an index costs as much as this many rows read in order.
constexpr double kFetchCost = 4;
// One look-up of an index join costs as much as this many rows read in order.
constexpr double kLookupCost = 60;

// Through casts that leave the bytes (and their order) alone.
const expr::Expr& Relabeled(const expr::Expr& expr) {
  const expr::Expr* plain = &expr;
  while (plain->kind == ExprKind::kCast &&
         As<expr::CastExpr>(*plain).method == expr::CastExpr::Method::kBinary &&
         plain->physical == plain->children[0]->physical) {
    plain = plain->children[0].get();
  }
  return *plain;
}

std::optional<int64_t> IntegerConstant(const expr::Expr& expr) {
  if (expr.kind != ExprKind::kConstant) return std::nullopt;
  const Value& value = As<expr::ConstantExpr>(expr).value;
  if (value.is_null()) return std::nullopt;
  switch (value.type().oid) {
    case t::kInt2:
      return value.As<int16_t>();
    case t::kInt4:
      return value.As<int32_t>();
    case t::kInt8:
      return value.As<int64_t>();
    default:
      return std::nullopt;
  }
}

ExprPtr MakeInteger(int64_t value, Oid type) {
  if (type == t::kInt2) {
    if (value < INT16_MIN || value > INT16_MAX) return nullptr;
    return std::make_unique<expr::ConstantExpr>(
        Value::Fixed({t::kInt2, -1}, static_cast<int16_t>(value)));
  }
  if (type == t::kInt4) {
    if (value < INT32_MIN || value > INT32_MAX) return nullptr;
    return std::make_unique<expr::ConstantExpr>(Value::Int4(static_cast<int32_t>(value)));
  }
  return std::make_unique<expr::ConstantExpr>(Value::Int8(value));
}

bool IsReadable(const catalog::Index* index) {
  return index != nullptr && index->storage_id != 0 &&
         (index->method == "btree" || index->method == "hash") &&
         index->state == catalog::Index::State::kReady;
}

bool IsTextLike(Oid type) { return type == t::kText || type == t::kVarchar; }
}  // namespace

void AccessPaths::Run() {
  Visit(context_.plan.root);
  for (NodePtr& subplan : context_.plan.subplans) {
    if (subplan != nullptr) Visit(subplan);
  }
}

void AccessPaths::Visit(NodePtr& node) {
  if (node->kind == NodeKind::kScan) Choose(static_cast<plan::ScanNode&>(*node));
  for (NodePtr& child : node->children) Visit(child);
}

std::optional<uint32_t> AccessPaths::ColumnOf(const plan::ScanNode& scan,
                                              const expr::Expr& expr) const {
  const expr::Expr& plain = Relabeled(expr);
  if (plain.kind != ExprKind::kColumn) return std::nullopt;
  const uint32_t id = As<expr::ColumnExpr>(plain).index;
  for (size_t i = 0; i < scan.columns.size(); ++i) {
    if (scan.ids[i] == id) return scan.columns[i];
  }
  return std::nullopt;
}

bool AccessPaths::IsFixed(const plan::ScanNode& scan, const expr::Expr& value) const {
  if (expr::ContainsVolatile(value)) return false;
  plan::IdSet used;
  plan::CollectIds(value, context_.plan.subplans, &used);
  if (expr::ContainsSubplan(value)) return false;
  return std::none_of(scan.ids.begin(), scan.ids.end(),
                      [&](uint32_t id) { return used.contains(id); });
}

ExprPtr AccessPaths::ValueFor(const plan::ScanNode&, const expr::Expr& value, SqlType type,
                              PhysicalType physical) const {
  const Oid from = value.type.oid;
  const SqlType plain{type.oid, -1};
  if (from == type.oid) return value.Clone();
  if (const auto integer = IntegerConstant(value); integer && IsIntegerType(type.oid)) {
    return MakeInteger(*integer, type.oid);
  }
  const bool widening = (from == t::kInt2 && (type.oid == t::kInt4 || type.oid == t::kInt8)) ||
                        (from == t::kInt4 && type.oid == t::kInt8) ||
                        (from == t::kDate && type.oid == t::kTimestamp) ||
                        (from == t::kFloat4 && type.oid == t::kFloat8);
  const bool relabel = (IsTextLike(from) && IsTextLike(type.oid)) ||
                       (value.physical == physical && from < kFirstUserOid &&
                        expr::FindCast(from, type.oid) != nullptr &&
                        expr::FindCast(from, type.oid)->method == expr::CastMethod::kBinary);
  if (!widening && !relabel) return nullptr;
  auto cast = std::make_unique<expr::CastExpr>(
      plain, relabel ? expr::CastExpr::Method::kBinary : expr::CastExpr::Method::kFunction, false);
  if (widening) {
    const expr::Cast* function = expr::FindCast(from, type.oid);
    if (function == nullptr || function->function == nullptr) return nullptr;
    cast->function = function->function;
  }
  cast->physical = physical;
  cast->children.push_back(value.Clone());
  return cast;
}

void AccessPaths::AddComparison(const plan::ScanNode& scan, const expr::Expr& conjunct,
                                size_t index, std::vector<Condition>* out) {
  if (conjunct.children.size() != 2) return;
  std::string op = As<expr::FunctionExpr>(conjunct).operator_name;
  if (op == "~~") return AddPattern(scan, conjunct, index, out);
  if (op != "=" && op != "<" && op != "<=" && op != ">" && op != ">=") return;
  for (const size_t side : {0, 1}) {
    const expr::Expr& part = *conjunct.children[side];
    const expr::Expr& value = *conjunct.children[1 - side];
    if (!IsFixed(scan, value)) continue;
    plan::IdSet used;
    plan::CollectIds(part, {}, &used);
    if (used.empty() || expr::ContainsSubplan(part)) continue;
    if (side == 1 && op != "=") op = op[0] == '<' ? ">" + op.substr(1) : "<" + op.substr(1);
    Condition condition;
    condition.kind = op == "="      ? Condition::Kind::kEqual
                     : op[0] == '>' ? Condition::Kind::kLower
                                    : Condition::Kind::kUpper;
    condition.inclusive = op.size() == 2 || op == "=";
    condition.conjunct = index;
    if (const auto column = ColumnOf(scan, part)) {
      condition.column = *column;
      const hidb::ColumnLayout& layout = scan.layout->columns[*column];
      // char(n) compares without trailing blanks only as char(n).
      if (layout.type.oid == t::kBpchar && part.type.oid != t::kBpchar) continue;
      condition.value = ValueFor(scan, value, layout.type, layout.physical);
    } else {
      condition.part = &part;
      condition.value = ValueFor(scan, value, part.type, part.physical);
    }
    if (condition.value != nullptr) out->push_back(std::move(condition));
    return;
  }
}

// LIKE 'abc%': everything from abc to abd.
void AccessPaths::AddPattern(const plan::ScanNode& scan, const expr::Expr& conjunct, size_t index,
                             std::vector<Condition>* out) {
  const auto column = ColumnOf(scan, *conjunct.children[0]);
  const expr::Expr& pattern = *conjunct.children[1];
  if (!column || pattern.kind != ExprKind::kConstant) return;
  const hidb::ColumnLayout& layout = scan.layout->columns[*column];
  const Value& value = As<expr::ConstantExpr>(pattern).value;
  if (value.is_null() || value.physical() != PhysicalType::kVarlen ||
      !IsTextLike(layout.type.oid)) {
    return;
  }
  std::string prefix;
  bool exact = true;
  const std::string& text = value.bytes();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' || text[i] == '_') {
      exact = false;
      break;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    prefix += text[i];
  }
  if (prefix.empty()) return;
  const auto constant = [&](std::string bytes) {
    return std::make_unique<expr::ConstantExpr>(
        Value::Bytes({layout.type.oid, -1}, std::move(bytes)));
  };
  Condition lower;
  lower.kind = exact ? Condition::Kind::kEqual : Condition::Kind::kLower;
  lower.column = *column;
  lower.value = constant(prefix);
  lower.conjunct = index;
  lower.exact = false;
  out->push_back(std::move(lower));
  if (exact) return;
  // Strings compare bytewise, so the bound need not be valid text.
  const std::string end = KeyPrefixEnd(prefix);
  if (end.empty()) return;
  Condition upper;
  upper.kind = Condition::Kind::kUpper;
  upper.inclusive = false;
  upper.column = *column;
  upper.value = constant(end);
  upper.conjunct = index;
  upper.exact = false;
  out->push_back(std::move(upper));
}

std::vector<AccessPaths::Condition> AccessPaths::Analyze(const plan::ScanNode& scan,
                                                         const std::vector<ExprPtr>& conjuncts) {
  std::vector<Condition> result;
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    const expr::Expr& conjunct = *conjuncts[i];
    if (conjunct.kind == ExprKind::kFunction) {
      AddComparison(scan, conjunct, i, &result);
    } else if (conjunct.kind == ExprKind::kInList) {
      const auto column = ColumnOf(scan, *conjunct.children[0]);
      if (!column || As<expr::InListExpr>(conjunct).negated) continue;
      const hidb::ColumnLayout& layout = scan.layout->columns[*column];
      Condition any;
      any.kind = Condition::Kind::kAny;
      any.column = *column;
      any.conjunct = i;
      for (size_t c = 1; c < conjunct.children.size(); ++c) {
        ExprPtr value = IsFixed(scan, *conjunct.children[c])
                            ? ValueFor(scan, *conjunct.children[c], layout.type, layout.physical)
                            : nullptr;
        if (value == nullptr) break;
        any.values.push_back(std::move(value));
      }
      if (any.values.size() + 1 == conjunct.children.size()) result.push_back(std::move(any));
    } else if (conjunct.kind == ExprKind::kScalarArrayOp) {
      const auto& op = As<expr::ScalarArrayOpExpr>(conjunct);
      const auto column = ColumnOf(scan, *conjunct.children[0]);
      if (!column || op.all || op.operator_name != "=" || !IsFixed(scan, *conjunct.children[1])) {
        continue;
      }
      const Oid type = scan.layout->columns[*column].type.oid;
      const TypeInfo* info = FindType(type);
      if (info == nullptr || conjunct.children[1]->type.oid != info->array) continue;
      Condition any;
      any.kind = Condition::Kind::kAny;
      any.column = *column;
      any.conjunct = i;
      any.value = conjunct.children[1]->Clone();
      result.push_back(std::move(any));
    } else if (conjunct.kind == ExprKind::kIsNull && !As<expr::IsNullExpr>(conjunct).negated) {
      const auto column = ColumnOf(scan, *conjunct.children[0]);
      if (!column) continue;
      Condition null;
      null.kind = Condition::Kind::kIsNull;
      null.column = *column;
      null.conjunct = i;
      result.push_back(std::move(null));
    }
  }
  return result;
}

bool AccessPaths::Matches(const Condition& condition, const std::vector<int32_t>& parts,
                          const std::vector<const expr::Expr*>& expressions, size_t part) {
  if (parts[part] >= 0) {
    return condition.part == nullptr && condition.column == static_cast<uint32_t>(parts[part]);
  }
  return condition.part != nullptr && expressions[part] != nullptr &&
         expr::Equal(*condition.part, *expressions[part]);
}

ExprPtr AccessPaths::AlternativesOf(const Condition& any) {
  if (any.value != nullptr) return any.value->Clone();
  const TypeInfo* info = FindType(any.values[0]->type.oid);
  if (info == nullptr || info->array == kInvalidOid) return nullptr;
  auto list = std::make_unique<expr::ArrayExpr>(SqlType{info->array, -1}, info->oid);
  for (const ExprPtr& value : any.values) list->children.push_back(value->Clone());
  return list;
}

double AccessPaths::BoundRange(const std::vector<Condition>& conditions,
                               const std::vector<int32_t>& parts,
                               const std::vector<const expr::Expr*>& expressions, size_t part,
                               std::vector<plan::ScanNode::Bound>* bounds) {
  bool has_lower = false, has_upper = false;
  for (const Condition& condition : conditions) {
    if (!Matches(condition, parts, expressions, part)) continue;
    if (condition.kind == Condition::Kind::kLower && !has_lower) {
      has_lower = true;
      for (auto& bound : *bounds) {
        bound.lower = condition.value->Clone();
        bound.lower_inclusive = condition.inclusive;
      }
    } else if (condition.kind == Condition::Kind::kUpper && !has_upper) {
      has_upper = true;
      for (auto& bound : *bounds) {
        bound.upper = condition.value->Clone();
        bound.upper_inclusive = condition.inclusive;
      }
    } else if (condition.kind == Condition::Kind::kIsNull && !has_lower && !has_upper &&
               parts[part] >= 0) {
      for (auto& bound : *bounds) bound.next_is_null = true;
      return 0.05;
    }
  }
  if (has_lower && has_upper) return 0.1;
  return has_lower || has_upper ? 1.0 / 3 : 1.0;
}

std::optional<AccessPaths::Path> AccessPaths::MatchKey(
    const plan::ScanNode& scan, const std::vector<int32_t>& parts,
    const std::vector<const expr::Expr*>& expressions, std::vector<Condition>& conditions,
    bool unique) {
  Path path;
  std::vector<plan::ScanNode::Bound> bounds(1);
  const double rows = estimator_.TableRows(scan);
  const auto clone_bound = [](const plan::ScanNode::Bound& from) {
    plan::ScanNode::Bound to;
    for (const ExprPtr& value : from.equal) to.equal.push_back(value->Clone());
    return to;
  };
  size_t part = 0;
  bool closed = false;
  for (; part < parts.size() && !closed; ++part) {
    Condition* equal = nullptr;
    Condition* any = nullptr;
    for (Condition& condition : conditions) {
      if (!Matches(condition, parts, expressions, part)) continue;
      if (condition.kind == Condition::Kind::kEqual && equal == nullptr) equal = &condition;
      if (condition.kind == Condition::Kind::kAny && any == nullptr) any = &condition;
    }
    const double one =
        1 / std::max(1.0, parts[part] >= 0 ? estimator_.DistinctOfPosition(
                                                 scan, static_cast<uint32_t>(parts[part]))
                                           : 200.0);
    if (equal != nullptr) {
      for (auto& bound : bounds) bound.equal.push_back(equal->value->Clone());
      if (equal->exact) path.consumed.push_back(equal->conjunct);
      path.selectivity *= one;
      continue;
    }
    if (any == nullptr) break;
    if (!any->values.empty() && bounds.size() * any->values.size() <= kAlternativesMax) {
      std::vector<plan::ScanNode::Bound> spread;
      for (const auto& bound : bounds) {
        for (const ExprPtr& value : any->values) {
          spread.push_back(clone_bound(bound));
          spread.back().equal.push_back(value->Clone());
        }
      }
      bounds = std::move(spread);
      path.consumed.push_back(any->conjunct);
      path.selectivity *= std::min(1.0, one * static_cast<double>(any->values.size()));
      continue;
    }
    const ExprPtr array = AlternativesOf(*any);
    if (array == nullptr) break;
    for (auto& bound : bounds) bound.any = array->Clone();
    path.consumed.push_back(any->conjunct);
    const double count = any->values.empty() ? 10.0 : static_cast<double>(any->values.size());
    path.selectivity *= std::min(1.0, one * count);
    closed = true;
  }
  const bool whole_key = part == parts.size() && !closed;
  if (!closed && part < parts.size()) {
    path.selectivity *= BoundRange(conditions, parts, expressions, part, &bounds);
  }
  const bool bounded = !bounds[0].equal.empty() || bounds[0].any != nullptr ||
                       bounds[0].lower != nullptr || bounds[0].upper != nullptr ||
                       bounds[0].next_is_null;
  if (!bounded) return std::nullopt;
  path.unique_row = unique && whole_key && bounds.size() == 1;
  if (unique && whole_key) path.selectivity = static_cast<double>(bounds.size()) / rows;
  path.selectivity = std::min(1.0, std::max(path.selectivity, 1 / rows));
  path.bounds = std::move(bounds);
  return path;
}

bool AccessPaths::PredicateHolds(const catalog::Index& index, const catalog::Table& table,
                                 const plan::ScanNode& scan,
                                 const std::vector<ExprPtr>& conjuncts) {
  if (index.predicate_sql.empty()) return true;
  std::vector<TableColumn> columns;
  plan::IdMap map;
  for (const catalog::Column& column : table.columns) {
    if (!column.dropped) columns.push_back({column.name, column.type, column.generated});
  }
  auto bound = binder::BindStoredExpression(index.predicate_sql, table.name, columns,
                                            {t::kBool, -1}, "", context_.planner);
  if (!bound.ok()) return false;
  for (size_t i = 0; i < scan.columns.size(); ++i) map[scan.columns[i]] = scan.ids[i];
  plan::IdSet used;
  plan::CollectIds(**bound, {}, &used);
  for (uint32_t position : used) {
    if (!map.contains(position)) return false;
  }
  ExprPtr predicate = std::move(bound).value();
  plan::RenameIds(*predicate, map, context_.plan.subplans);
  for (const ExprPtr& needed : plan::SplitAnd(std::move(predicate))) {
    if (!std::any_of(conjuncts.begin(), conjuncts.end(),
                     [&](const ExprPtr& have) { return expr::Equal(*have, *needed); })) {
      return false;
    }
  }
  return true;
}

void AccessPaths::Choose(plan::ScanNode& scan) {
  const catalog::Table* table = context_.planner.snapshot->FindTable(scan.table);
  if (table == nullptr) return;
  for (const catalog::Column& column : table->columns) {
    if (!column.dropped) scan.column_names.push_back(column.name);
  }
  if (scan.filter == nullptr || !scan.bounds.empty()) return;
  std::vector<ExprPtr> conjuncts = plan::SplitAnd(scan.filter->Clone());
  if (ChooseRows(scan, conjuncts)) return;
  std::vector<Condition> conditions = Analyze(scan, conjuncts);
  if (conditions.empty()) return;
  const double rows = estimator_.TableRows(scan);
  std::optional<Path> best;
  const auto consider = [&](std::optional<Path> path, double row_cost) {
    if (!path.has_value()) return;
    path->cost = 5 + rows * path->selectivity * row_cost;
    if (!best.has_value() || path->cost < best->cost) best = std::move(path);
  };
  const auto& key = scan.layout->key_columns;
  if (!key.empty()) {
    consider(MatchKey(scan, {key.begin(), key.end()},
                      std::vector<const expr::Expr*>(key.size(), nullptr), conditions, true),
             1);
  }
  for (Oid oid : table->indexes) {
    const catalog::Index* index = context_.planner.snapshot->FindIndex(oid);
    if (!IsReadable(index) || !context_.planner.settings.enable_indexscan ||
        !PredicateHolds(*index, *table, scan, conjuncts)) {
      continue;
    }
    auto layout = BuildIndexLayout(*index, *table, context_.planner);
    std::vector<int32_t> parts;
    std::vector<ExprPtr> owned;
    std::vector<const expr::Expr*> expressions;
    for (size_t i = 0; i < layout->parts.size(); ++i) {
      parts.push_back(layout->parts[i].column);
      owned.push_back(layout->parts[i].column >= 0 ? nullptr
                                                   : IndexExpression(*table, index->keys[i], scan));
      expressions.push_back(owned.back().get());
    }
    auto path = MatchKey(scan, parts, expressions, conditions,
                         index->unique && index->predicate_sql.empty());
    if (path.has_value()) {
      path->index = index;
      path->layout = layout;
    }
    consider(std::move(path), kFetchCost);
  }
  if (!best.has_value() || (best->index != nullptr && best->cost > rows + 5 && rows > 50)) return;
  scan.bounds = std::move(best->bounds);
  scan.bound_selectivity = best->selectivity;
  if (best->index != nullptr) {
    scan.index = best->layout;
    scan.index_name = best->index->name;
  } else if (const catalog::Constraint* primary = table->PrimaryKey()) {
    scan.index_name = primary->name;
  }
  std::vector<ExprPtr> rest;
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    const auto& consumed = best->consumed;
    if (std::find(consumed.begin(), consumed.end(), i) == consumed.end()) {
      rest.push_back(std::move(conjuncts[i]));
    }
  }
  scan.filter = plan::JoinAnd(std::move(rest));
}

ExprPtr AccessPaths::IndexExpression(const catalog::Table& table, const catalog::IndexKey& key,
                                     const plan::ScanNode& scan) {
  std::vector<TableColumn> columns;
  for (const catalog::Column& column : table.columns) {
    if (!column.dropped) columns.push_back({column.name, column.type, column.generated});
  }
  auto bound = binder::BindStoredExpression(key.expression_sql, table.name, columns, key.type, "",
                                            context_.planner);
  if (!bound.ok()) return nullptr;
  plan::IdMap map;
  for (size_t i = 0; i < scan.columns.size(); ++i) map[scan.columns[i]] = scan.ids[i];
  plan::IdSet used;
  plan::CollectIds(**bound, {}, &used);
  for (uint32_t position : used) {
    if (!map.contains(position)) return nullptr;
  }
  ExprPtr result = std::move(bound).value();
  plan::RenameIds(*result, map, context_.plan.subplans);
  return result;
}

bool AccessPaths::HasIndexOn(const plan::ScanNode& scan, uint32_t column) {
  const auto& key = scan.layout->key_columns;
  if (!key.empty() && key[0] == column) return true;
  const catalog::Table* table = context_.planner.snapshot->FindTable(scan.table);
  if (table == nullptr) return false;
  for (Oid oid : table->indexes) {
    const catalog::Index* index = context_.planner.snapshot->FindIndex(oid);
    if (!IsReadable(index) || !index->predicate_sql.empty() || index->keys.empty() ||
        index->keys[0].column == 0) {
      continue;
    }
    if (static_cast<uint16_t>(index->keys[0].column) == scan.layout->columns[column].id) {
      return true;
    }
  }
  return false;
}

bool AccessPaths::TryIndexJoin(plan::JoinNode& join, size_t inner) {
  plan::Node* node = join.children[inner].get();
  if (node->kind != NodeKind::kScan || join.condition == nullptr || join.null_aware) return false;
  auto& scan = static_cast<plan::ScanNode&>(*node);
  const plan::Node& outer = *join.children[1 - inner];
  const double outer_rows = outer.estimated_rows;
  const double table_rows = estimator_.TableRows(scan);
  const plan::IdSet outer_ids(outer.ids.begin(), outer.ids.end());
  std::vector<ExprPtr> conjuncts = plan::SplitAnd(join.condition->Clone());
  double distinct = 0;
  bool found = false;
  for (const ExprPtr& conjunct : conjuncts) {
    std::vector<Condition> conditions;
    if (conjunct->kind != ExprKind::kFunction) continue;
    AddComparison(scan, *conjunct, 0, &conditions);
    for (const Condition& condition : conditions) {
      if (condition.kind != Condition::Kind::kEqual || condition.part != nullptr) continue;
      if (!HasIndexOn(scan, condition.column)) continue;
      found = true;
      distinct = std::max(distinct, estimator_.DistinctOfPosition(scan, condition.column));
    }
  }
  if (!found) return false;
  const double matches = table_rows / std::max(distinct, 1.0);
  if (outer_rows * (kLookupCost + matches * kFetchCost) > table_rows) return false;
  // The whole condition moves into the scan, where outer columns count as constants.
  if (scan.filter != nullptr) conjuncts.push_back(scan.filter->Clone());
  for (const ExprPtr& conjunct : conjuncts) {
    if (expr::ContainsSubplan(*conjunct) || expr::ContainsVolatile(*conjunct)) return false;
  }
  scan.filter = plan::JoinAnd(std::move(conjuncts));
  join.condition = nullptr;
  if (inner == 0) std::swap(join.children[0], join.children[1]);
  return true;
}

void AccessPaths::MakeIndexJoins(NodePtr& node) {
  for (NodePtr& child : node->children) MakeIndexJoins(child);
  if (node->kind != NodeKind::kJoin || !context_.planner.settings.enable_nestloop_index) return;
  auto& join = static_cast<plan::JoinNode&>(*node);
  using plan::JoinType;
  switch (join.join_type) {
    case JoinType::kInner:
      if (!TryIndexJoin(join, 1)) TryIndexJoin(join, 0);
      return;
    case JoinType::kLeft:
    case JoinType::kSemi:
    case JoinType::kAnti:
    case JoinType::kSingle:
      TryIndexJoin(join, 1);
      return;
    default:
      return;
  }
}

}  // namespace helios::sql::optimizer
