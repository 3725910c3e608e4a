#include <algorithm>
#include <optional>

#include "expr/function_registry.h"
#include "sql/optimizer/internal/passes.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::NodeKind;
using plan::NodePtr;

// A full scan in key order runs in one thread; below this many rows, or for this small a part of
// the table, it still beats a sort.
constexpr double kOrderedRowsMax = 20000;
constexpr double kOrderedPartMax = 0.05;

std::optional<int64_t> ConstantOf(const ExprPtr& expr) {
  if (expr == nullptr || expr->kind != ExprKind::kConstant) return std::nullopt;
  const Value& value = As<expr::ConstantExpr>(*expr).value;
  if (value.is_null()) return std::nullopt;
  return value.As<int64_t>();
}

// limit + offset, or null when that is not known to be a bound.
ExprPtr RowsWanted(const plan::LimitNode& limit) {
  if (limit.limit == nullptr || limit.with_ties) return nullptr;
  if (limit.limit->kind == ExprKind::kConstant && !ConstantOf(limit.limit)) return nullptr;
  if (limit.offset == nullptr) return limit.limit->Clone();
  const auto rows = ConstantOf(limit.limit);
  const auto skipped = ConstantOf(limit.offset);
  if (!rows || !skipped || *rows < 0 || *skipped < 0 || *rows > INT64_MAX - *skipped) {
    return nullptr;
  }
  return std::make_unique<expr::ConstantExpr>(Value::Int8(*rows + *skipped));
}

// The scan below projections; null when there is something else. With `all_rows` also below what
// drops rows without changing their order.
plan::ScanNode* ScanBelow(plan::Node* node, bool all_rows) {
  while (node->kind == NodeKind::kProject ||
         (all_rows && (node->kind == NodeKind::kFilter || node->kind == NodeKind::kLockRows))) {
    node = node->children[0].get();
  }
  return node->kind == NodeKind::kScan ? static_cast<plan::ScanNode*>(node) : nullptr;
}

struct Part {
  uint32_t column = 0;
  bool descending = false;
  bool nulls_first = false;
};

class KeyOrder {
 public:
  KeyOrder(PassContext& context, Estimator& estimator) : context_(context), estimator_(estimator) {}

  void Visit(NodePtr& node, const plan::LimitNode* limit);

 private:
  bool TrySort(plan::SortNode& sort, const plan::LimitNode* limit);
  void TryMinMax(plan::AggregateNode& aggregate);
  std::optional<bool> Matches(const plan::ScanNode& scan, const std::vector<plan::SortKey>& keys,
                              const std::vector<Part>& parts) const;
  std::optional<bool> MatchesCurrent(const plan::ScanNode& scan,
                                     const std::vector<plan::SortKey>& keys) const;
  std::optional<bool> ChooseIndex(plan::ScanNode& scan, const std::vector<plan::SortKey>& keys,
                                  double wanted);
  bool IsNotNull(const plan::ScanNode& scan, uint32_t column) const;
  static std::vector<Part> KeyParts(const plan::ScanNode& scan);
  static std::vector<Part> IndexParts(const hidb::IndexLayout& layout);

  PassContext& context_;
  Estimator& estimator_;
};

std::vector<Part> KeyOrder::KeyParts(const plan::ScanNode& scan) {
  std::vector<Part> parts;
  for (uint32_t column : scan.layout->key_columns) parts.push_back({column, false, false});
  return parts;
}

std::vector<Part> KeyOrder::IndexParts(const hidb::IndexLayout& layout) {
  std::vector<Part> parts;
  for (const hidb::IndexPart& part : layout.parts) {
    if (part.column < 0) break;
    parts.push_back({static_cast<uint32_t>(part.column), part.descending, part.nulls_first});
  }
  return parts;
}

bool KeyOrder::IsNotNull(const plan::ScanNode& scan, uint32_t column) const {
  const catalog::Table* table = context_.planner.snapshot->FindTable(scan.table);
  const catalog::Column* found =
      table == nullptr ? nullptr
                       : table->FindColumn(static_cast<int16_t>(scan.layout->columns[column].id));
  return found != nullptr && found->not_null;
}

// Whether the parts give the order of the keys; the value says if backwards.
std::optional<bool> KeyOrder::Matches(const plan::ScanNode& scan,
                                      const std::vector<plan::SortKey>& keys,
                                      const std::vector<Part>& parts) const {
  // Parts that a bound fixes to one value do not count; several alternatives fix nothing.
  size_t part = 0;
  if (scan.bounds.size() > 1) return std::nullopt;
  if (!scan.bounds.empty()) {
    if (scan.bounds[0].any != nullptr || scan.bounds[0].row_key != nullptr) return std::nullopt;
    part = scan.bounds[0].equal.size();
  }
  std::optional<bool> backwards;
  for (const plan::SortKey& key : keys) {
    if (key.expression->kind != ExprKind::kColumn) return std::nullopt;
    const uint32_t id = As<expr::ColumnExpr>(*key.expression).index;
    uint32_t column = ~uint32_t{0};
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      if (scan.ids[i] == id) column = scan.columns[i];
    }
    if (column == ~uint32_t{0}) return std::nullopt;
    bool fixed = false;
    for (size_t i = 0; i < part && i < parts.size(); ++i) {
      if (!scan.bounds.empty() && i < scan.bounds[0].equal.size()) {
        fixed = fixed || parts[i].column == column;
      }
    }
    if (fixed) continue;
    if (part >= parts.size() || parts[part].column != column) return std::nullopt;
    const bool reverse = key.descending != parts[part].descending;
    if (backwards.has_value() && *backwards != reverse) return std::nullopt;
    if (key.nulls_first != (parts[part].nulls_first != reverse) && !IsNotNull(scan, column)) {
      return std::nullopt;
    }
    backwards = reverse;
    ++part;
  }
  return backwards.value_or(false);
}

std::optional<bool> KeyOrder::MatchesCurrent(const plan::ScanNode& scan,
                                             const std::vector<plan::SortKey>& keys) const {
  return Matches(scan, keys, scan.index == nullptr ? KeyParts(scan) : IndexParts(*scan.index));
}

// For a scan of the whole table of which `wanted` rows are read: an index in that order.
std::optional<bool> KeyOrder::ChooseIndex(plan::ScanNode& scan,
                                          const std::vector<plan::SortKey>& keys, double wanted) {
  const catalog::Table* table = context_.planner.snapshot->FindTable(scan.table);
  if (table == nullptr || !scan.bounds.empty() || scan.index != nullptr) return std::nullopt;
  const double rows = estimator_.TableRows(scan);
  // With a filter, more of the index is read until enough rows have passed.
  const double read = scan.filter == nullptr
                          ? wanted
                          : wanted / std::max(estimator_.Selectivity(*scan.filter), 1e-6);
  if (read > rows * kOrderedPartMax && rows > 100) return std::nullopt;
  for (Oid oid : table->indexes) {
    const catalog::Index* index = context_.planner.snapshot->FindIndex(oid);
    if (index == nullptr || index->storage_id == 0 || index->method != "btree" ||
        index->state != catalog::Index::State::kReady || !index->predicate_sql.empty() ||
        !context_.planner.settings.enable_indexscan) {
      continue;
    }
    auto layout = BuildIndexLayout(*index, *table, context_.planner);
    const auto match = Matches(scan, keys, IndexParts(*layout));
    if (!match.has_value()) continue;
    scan.index = std::move(layout);
    scan.index_name = index->name;
    return match;
  }
  return std::nullopt;
}

bool KeyOrder::TrySort(plan::SortNode& sort, const plan::LimitNode* limit) {
  plan::ScanNode* scan = ScanBelow(sort.children[0].get(), true);
  if (scan == nullptr) return false;
  const double rows = scan->estimated_rows;
  const auto wanted_rows = limit == nullptr ? std::nullopt : ConstantOf(RowsWanted(*limit));
  const double wanted =
      wanted_rows ? static_cast<double>(*wanted_rows) : (limit != nullptr ? rows / 100 : rows);
  std::optional<bool> backwards = MatchesCurrent(*scan, sort.keys);
  if (backwards.has_value()) {
    const bool worth = limit != nullptr || rows <= kOrderedRowsMax;
    if (!worth) return false;
  } else if (limit != nullptr) {
    backwards = ChooseIndex(*scan, sort.keys, wanted);
  }
  if (!backwards.has_value()) return false;
  scan->ordered = true;
  scan->reverse = *backwards;
  return true;
}

// min and max of a key column read one end of the key.
void KeyOrder::TryMinMax(plan::AggregateNode& aggregate) {
  if (!aggregate.groups.empty() || !aggregate.grouping_sets.empty() ||
      aggregate.calls.size() != 1 || !aggregate.grouping_calls.empty()) {
    return;
  }
  const plan::AggregateNode::Call& call = aggregate.calls[0];
  const bool max = call.function->name == "max";
  if ((!max && call.function->name != "min") || call.filter != nullptr ||
      call.arguments.size() != 1 || call.arguments[0]->kind != ExprKind::kColumn) {
    return;
  }
  plan::ScanNode* scan = ScanBelow(aggregate.children[0].get(), false);
  if (scan == nullptr || scan->limit != 0) return;
  std::vector<plan::SortKey> keys;
  keys.push_back({call.arguments[0]->Clone(), max, max});
  std::optional<bool> backwards = MatchesCurrent(*scan, keys);
  if (!backwards.has_value()) backwards = ChooseIndex(*scan, keys, 1);
  if (!backwards.has_value()) return;
  // NULLs do not count, and stand at one of the ends.
  auto not_null = std::make_unique<expr::IsNullExpr>(true);
  not_null->children.push_back(call.arguments[0]->Clone());
  std::vector<ExprPtr> filter;
  if (scan->filter != nullptr) filter.push_back(scan->filter->Clone());
  filter.push_back(std::move(not_null));
  scan->filter = plan::JoinAnd(std::move(filter));
  scan->ordered = true;
  scan->reverse = *backwards;
  scan->limit = 1;
  auto limit = std::make_unique<plan::LimitNode>();
  limit->ids = aggregate.children[0]->ids;
  limit->limit = std::make_unique<expr::ConstantExpr>(Value::Int8(1));
  limit->children.push_back(std::move(aggregate.children[0]));
  aggregate.children[0] = std::move(limit);
}

void KeyOrder::Visit(NodePtr& node, const plan::LimitNode* limit) {
  switch (node->kind) {
    case NodeKind::kLimit: {
      auto& own = static_cast<plan::LimitNode&>(*node);
      Visit(node->children[0], &own);
      plan::ScanNode* scan = ScanBelow(node->children[0].get(), false);
      if (const auto rows = ConstantOf(RowsWanted(own));
          scan != nullptr && rows.has_value() && *rows > 0 && scan->limit == 0) {
        scan->limit = static_cast<uint64_t>(*rows);
      }
      return;
    }
    case NodeKind::kProject:
    case NodeKind::kLockRows:
      return Visit(node->children[0], limit);
    case NodeKind::kSort: {
      auto& sort = static_cast<plan::SortNode&>(*node);
      Visit(node->children[0], nullptr);
      if (TrySort(sort, limit)) {
        NodePtr child = std::move(sort.children[0]);
        node = std::move(child);
        return;
      }
      if (limit != nullptr) sort.limit_hint = RowsWanted(*limit);
      return;
    }
    case NodeKind::kAggregate:
      Visit(node->children[0], nullptr);
      return TryMinMax(static_cast<plan::AggregateNode&>(*node));
    default:
      for (NodePtr& child : node->children) Visit(child, nullptr);
  }
}
}  // namespace

void UseKeyOrder(NodePtr& node, PassContext& context, Estimator& estimator) {
  KeyOrder(context, estimator).Visit(node, nullptr);
}

}  // namespace helios::sql::optimizer
