#include "sql/plan/internal/describe.h"

#include <algorithm>

#include "sql/plan/walk.h"
#include "types/text.h"

namespace helios::sql::plan {

namespace {
std::vector<std::string> Texts(const ShownColumns& columns, const Node& node,
                               const std::vector<SortKey>& keys) {
  std::vector<std::string> texts;
  texts.reserve(keys.size());
  for (const SortKey& key : keys) texts.push_back(columns.KeyText(node, key));
  return texts;
}

const char* JoinWord(JoinType type) {
  switch (type) {
    case JoinType::kInner:
      return "";
    case JoinType::kLeft:
      return " Left";
    case JoinType::kRight:
      return " Right";
    case JoinType::kFull:
      return " Full";
    case JoinType::kSemi:
      return " Semi";
    case JoinType::kAnti:
      return " Anti";
    case JoinType::kMark:
      return " Mark";
    case JoinType::kSingle:
      return " Single";
  }
  return "";
}

// "(a = 1) AND (b > 2)" of the key parts that a scan is bound by.
std::string BoundText(const ShownColumns& columns, const ScanNode& scan,
                      const ScanNode::Bound& bound) {
  const auto text_of = [&](const expr::ExprPtr& expr) { return columns.Text(scan, *expr); };
  const auto part_name = [&](size_t part) -> std::string {
    int32_t column = -1;
    if (scan.index != nullptr) {
      column = scan.index->parts[part].column;
    } else if (part < scan.layout->key_columns.size()) {
      column = static_cast<int32_t>(scan.layout->key_columns[part]);
    }
    const size_t position = static_cast<size_t>(column);
    if (column >= 0 && position < scan.column_names.size()) {
      return columns.ScanColumn(scan, scan.column_names[position]);
    }
    for (size_t i = 0; i < scan.columns.size() && column >= 0; ++i) {
      if (scan.columns[i] == static_cast<uint32_t>(column)) {
        return columns.ScanColumn(scan, scan.names[i]);
      }
    }
    return "key" + std::to_string(part + 1);
  };
  if (bound.row_key != nullptr) return text_of(bound.row_key);
  std::vector<std::string> parts;
  for (size_t i = 0; i < bound.equal.size(); ++i) {
    parts.push_back("(" + part_name(i) + " = " + text_of(bound.equal[i]) + ")");
  }
  const size_t next = bound.equal.size();
  if (bound.any != nullptr)
    parts.push_back("(" + part_name(next) + " = ANY (" + text_of(bound.any) + "))");
  if (bound.next_is_null) parts.push_back("(" + part_name(next) + " IS NULL)");
  if (bound.lower != nullptr) {
    parts.push_back("(" + part_name(next) + (bound.lower_inclusive ? " >= " : " > ") +
                    text_of(bound.lower) + ")");
  }
  if (bound.upper != nullptr) {
    parts.push_back("(" + part_name(next) + (bound.upper_inclusive ? " <= " : " < ") +
                    text_of(bound.upper) + ")");
  }
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : " AND ") + part;
  return parts.size() > 1 ? "(" + text + ")" : text;
}

// "t", or "t a" for an alias.
std::string NameWithAlias(const std::string& name, const std::string& alias) {
  return QuoteIdentifier(name) + (alias == name ? "" : " " + QuoteIdentifier(alias));
}

void DescribeScan(const ShownColumns& columns, const ScanNode& scan, NodeDescription* out) {
  const std::string& alias = columns.AliasOf(scan);
  const std::string name = NameWithAlias(scan.table_name, alias);
  out->facts.push_back({"Relation Name", scan.table_name});
  out->facts.push_back({"Alias", alias});
  const bool by_row = !scan.bounds.empty() && scan.bounds[0].row_key != nullptr;
  const bool by_key = scan.index != nullptr || !scan.bounds.empty() || scan.ordered;
  if (by_row) {
    out->type = "Tid Scan";
    out->label = "Tid Scan on " + name;
    out->properties.push_back({"TID Cond", {BoundText(columns, scan, scan.bounds[0])}});
  } else if (by_key) {
    const std::string direction = scan.reverse ? " Backward" : "";
    const std::string index = scan.index_name.empty() ? scan.table_name + "_pkey" : scan.index_name;
    out->type = "Index Scan";
    out->label = "Index Scan" + direction + " using " + QuoteIdentifier(index) + " on " + name;
    out->facts.push_back({"Scan Direction", scan.reverse ? "Backward" : "Forward"});
    out->facts.push_back({"Index Name", index});
    std::vector<std::string> bounds;
    for (const ScanNode::Bound& bound : scan.bounds) {
      bounds.push_back(BoundText(columns, scan, bound));
    }
    std::string text;
    for (const std::string& bound : bounds) text += (text.empty() ? "" : " OR ") + bound;
    if (!text.empty()) out->properties.push_back({"Index Cond", {text}});
  } else {
    out->type = "Seq Scan";
    out->label = "Seq Scan on " + name;
  }
  if (scan.filter != nullptr) {
    out->properties.push_back({"Filter", {columns.Text(scan, *scan.filter)}});
  }
}

void DescribeJoin(const ShownColumns& columns, const JoinNode& join, NodeDescription* out) {
  const bool hash = !join.keys.empty();
  out->type = hash ? "Hash Join" : "Nested Loop";
  const std::string word = JoinWord(join.join_type);
  out->label =
      hash ? "Hash" + word + " Join" : "Nested Loop" + word + (word.empty() ? "" : " Join");
  const std::string kind = word.empty() ? "Inner" : word.substr(1);
  out->facts.push_back({"Join Type", kind});
  if (hash) {
    std::string text;
    for (const JoinNode::Key& key : join.keys) {
      if (!text.empty()) text += " AND ";
      text += "(" + columns.TextAbove(*join.children[0], *key.left) + " = " +
              columns.TextAbove(*join.children[1], *key.right) + ")";
    }
    if (join.keys.size() > 1) text = "(" + text + ")";
    out->properties.push_back({"Hash Cond", {text}});
  }
  if (join.condition != nullptr) {
    out->properties.push_back({"Join Filter", {columns.Text(join, *join.condition)}});
  }
}

void DescribeAggregate(const ShownColumns& columns, const AggregateNode& aggregate,
                       NodeDescription* out) {
  const bool hashed = !aggregate.groups.empty();
  out->type = "Aggregate";
  out->label = hashed ? (aggregate.grouping_sets.size() > 1 ? "MixedAggregate" : "HashAggregate")
                      : "Aggregate";
  std::vector<std::string> groups;
  for (const expr::ExprPtr& group : aggregate.groups) {
    groups.push_back(columns.Text(aggregate, *group));
  }
  out->facts.push_back({"Strategy", hashed ? "Hashed" : "Plain"});
  if (aggregate.grouping_sets.size() > 1) {
    for (const auto& set : aggregate.grouping_sets) {
      std::vector<std::string> keys;
      keys.reserve(set.size());
      for (uint32_t index : set) keys.push_back(groups[index]);
      if (keys.empty()) keys.push_back("()");
      out->properties.push_back({"Group Key", keys});
    }
  } else if (hashed) {
    out->properties.push_back({"Group Key", std::move(groups)});
  }
}

void DescribeFunctions(const ShownColumns& columns, const TableFunctionNode& node,
                       NodeDescription* out) {
  out->type = "Function Scan";
  std::string names;
  for (const TableFunctionNode::Call& call : node.calls) {
    if (!names.empty()) names += ", ";
    names += call.function != nullptr ? std::string(call.function->name)
                                      : columns.Text(node, *call.scalar);
  }
  out->label = "Function Scan on " + names;
}

void DescribeWrite(const ShownColumns& columns, const Node& node, NodeDescription* out) {
  const WriteTarget* target = nullptr;
  out->type = "ModifyTable";
  std::string operation;
  if (node.kind == NodeKind::kInsert) {
    const auto& insert = static_cast<const InsertNode&>(node);
    target = insert.target;
    operation = "Insert";
    if (insert.on_conflict != InsertNode::OnConflict::kError) {
      const bool update = insert.on_conflict == InsertNode::OnConflict::kUpdate;
      out->properties.push_back({"Conflict Resolution", {update ? "UPDATE" : "NOTHING"}});
      if (insert.arbiter.has_value()) {
        out->properties.push_back(
            {"Conflict Arbiter Indexes",
             {*insert.arbiter < 0 ? target->primary_key_name
                                  : target->indexes[static_cast<size_t>(*insert.arbiter)].name}});
      }
      if (insert.set_where != nullptr) {
        out->properties.push_back({"Conflict Filter", {columns.Text(node, *insert.set_where)}});
      }
    }
  } else if (node.kind == NodeKind::kUpdate) {
    target = static_cast<const UpdateNode&>(node).target;
    operation = "Update";
  } else if (node.kind == NodeKind::kMerge) {
    target = static_cast<const MergeNode&>(node).target;
    operation = "Merge";
  } else {
    target = static_cast<const DeleteNode&>(node).target;
    operation = "Delete";
  }
  out->label = operation + " on " + QuoteIdentifier(target->table_name);
  out->facts.push_back({"Operation", operation});
  out->facts.push_back({"Relation Name", target->table_name});
}

void DescribeSet(const SetOperationNode& node, NodeDescription* out) {
  using Operation = SetOperationNode::Operation;
  switch (node.operation) {
    case Operation::kUnionAll:
      out->type = "Append";
      break;
    case Operation::kUnion:
      out->type = "HashUnion";
      break;
    case Operation::kIntersect:
      out->type = "HashSetOp Intersect";
      break;
    case Operation::kIntersectAll:
      out->type = "HashSetOp Intersect All";
      break;
    case Operation::kExcept:
      out->type = "HashSetOp Except";
      break;
    case Operation::kExceptAll:
      out->type = "HashSetOp Except All";
      break;
  }
  out->label = out->type;
}

// NOLINTNEXTLINE(readability-function-size)
void DescribeNode(const ShownColumns& columns, const Node& node, NodeDescription* out) {
  const auto plain = [&](const std::string& type) { out->type = out->label = type; };
  switch (node.kind) {
    case NodeKind::kScan:
      return DescribeScan(columns, static_cast<const ScanNode&>(node), out);
    case NodeKind::kSystemScan: {
      const auto& scan = static_cast<const SystemScanNode&>(node);
      out->type = "Seq Scan";
      out->label = "Seq Scan on " + NameWithAlias(scan.table->name, columns.AliasOf(scan));
      out->facts.push_back({"Relation Name", scan.table->name});
      out->facts.push_back({"Alias", columns.AliasOf(scan)});
      return;
    }
    case NodeKind::kTableFunction:
      return DescribeFunctions(columns, static_cast<const TableFunctionNode&>(node), out);
    case NodeKind::kValues: {
      const bool one = static_cast<const ValuesNode&>(node).rows.size() == 1;
      plain(one ? "Result" : "Values Scan");
      if (!one) out->label += " on \"*VALUES*\"";
      return;
    }
    case NodeKind::kFilter:
    case NodeKind::kProject:
      return plain("Result");
    case NodeKind::kProjectSet:
      return plain("ProjectSet");
    case NodeKind::kAggregate:
      return DescribeAggregate(columns, static_cast<const AggregateNode&>(node), out);
    case NodeKind::kJoin:
      return DescribeJoin(columns, static_cast<const JoinNode&>(node), out);
    case NodeKind::kApply: {
      const auto& apply = static_cast<const ApplyNode&>(node);
      const std::string word = JoinWord(apply.join_type);
      out->type = "Nested Loop";
      out->label = "Nested Loop" + word + (word.empty() ? "" : " Join");
      if (apply.condition != nullptr) {
        out->properties.push_back({"Join Filter", {columns.Text(apply, *apply.condition)}});
      }
      return;
    }
    case NodeKind::kSort: {
      const auto& sort = static_cast<const SortNode&>(node);
      plain("Sort");
      out->properties.push_back({"Sort Key", Texts(columns, sort, sort.keys)});
      return;
    }
    case NodeKind::kLimit:
      return plain("Limit");
    case NodeKind::kDistinctOn:
      return plain("Unique");
    case NodeKind::kSetOperation:
      return DescribeSet(static_cast<const SetOperationNode&>(node), out);
    case NodeKind::kWindow:
      return plain("WindowAgg");
    case NodeKind::kCteScan:
      plain("CTE Scan");
      out->label +=
          " on " + NameWithAlias(static_cast<const CteScanNode&>(node).name, columns.AliasOf(node));
      return;
    case NodeKind::kWithCte:
      return plain("With");
    case NodeKind::kRecursiveUnion:
      return plain("Recursive Union");
    case NodeKind::kWorkTable:
      plain("WorkTable Scan");
      out->label += " on " + NameWithAlias(static_cast<const WorkTableNode&>(node).name,
                                           columns.AliasOf(node));
      return;
    case NodeKind::kLockRows:
      return plain("LockRows");
    case NodeKind::kInsert:
    case NodeKind::kUpdate:
    case NodeKind::kDelete:
    case NodeKind::kMerge:
      return DescribeWrite(columns, node, out);
  }
}

void CollectSubplans(const Node& node, std::vector<uint32_t>* out) {
  const auto collect = [&](const expr::Expr& root) {
    expr::Walk(root, [&](const expr::Expr& expr) {
      if (expr.kind == expr::ExprKind::kSubplan) {
        const uint32_t index = expr::As<expr::SubplanExpr>(expr).subplan;
        if (std::find(out->begin(), out->end(), index) == out->end()) out->push_back(index);
      }
      return true;
    });
  };
  // The visitor takes mutable nodes because passes rewrite through it; nothing changes here.
  ForEachExpr(const_cast<Node&>(node), [&](expr::ExprPtr& expr) { collect(*expr); });
}
}  // namespace

NodeDescription Describe(const ShownColumns& columns, const Node& node, bool verbose) {
  NodeDescription result;
  const Node* shown = &node;
  std::vector<std::string> filters;
  result.counted = &node;
  while ((shown->kind == NodeKind::kProject || shown->kind == NodeKind::kFilter) &&
         !shown->children.empty()) {
    CollectSubplans(*shown, &result.subplans);
    if (shown->kind == NodeKind::kFilter) {
      filters.push_back(columns.Text(*shown, *static_cast<const FilterNode&>(*shown).predicate));
    }
    shown = shown->children[0].get();
  }
  DescribeNode(columns, *shown, &result);
  CollectSubplans(*shown, &result.subplans);
  result.measured = &node;
  if (verbose && !node.names.empty()) {
    result.properties.insert(result.properties.begin(), {"Output", columns.Outputs(node)});
  }
  if (!filters.empty()) {
    const auto own = std::find_if(result.properties.begin(), result.properties.end(),
                                  [](const auto& item) { return item.first == "Filter"; });
    if (own != result.properties.end()) {
      for (std::string& filter : filters) own->second[0] += " AND " + filter;
    } else {
      std::string text;
      for (std::string& filter : filters) text += (text.empty() ? "" : " AND ") + filter;
      result.properties.push_back({"Filter", {text}});
    }
  }
  for (const NodePtr& child : shown->children) result.children.push_back(child.get());
  return result;
}

}  // namespace helios::sql::plan
