#include "sql/plan/internal/shown_columns.h"

#include "sql/plan/walk.h"
#include "types/text.h"

namespace helios::sql::plan {

namespace {
// Longer expressions are shown by their column's name: sub-selects that double an expression again
// and again would fill the memory.
constexpr size_t kTextBytesMax = 4096;

bool IsSource(const Node& node) {
  switch (node.kind) {
    case NodeKind::kScan:
    case NodeKind::kSystemScan:
    case NodeKind::kTableFunction:
    case NodeKind::kValues:
    case NodeKind::kCteScan:
    case NodeKind::kWorkTable:
      return true;
    default:
      return false;
  }
}

// Shown as part of the node below them.
bool IsFolded(const Node& node) {
  return node.kind == NodeKind::kProject || node.kind == NodeKind::kFilter;
}

std::string NameOf(const Node& node, size_t output) {
  return output < node.names.size() ? QuoteIdentifier(node.names[output]) : "?";
}

std::string Direction(const SortKey& key) {
  std::string text = key.descending ? " DESC" : "";
  if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  return text;
}
}  // namespace

ShownColumns::ShownColumns(const Plan& plan, bool verbose)
    : plan_(plan), verbose_(verbose), several_([&] {
        size_t count = CountRelations(*plan.root);
        for (const NodePtr& subplan : plan.subplans) {
          if (subplan != nullptr) count += CountRelations(*subplan);
        }
        return count > 1;
      }()) {
  NameRelations(*plan_.root);
  for (const NodePtr& subplan : plan_.subplans) {
    if (subplan != nullptr) NameRelations(*subplan);
  }
  Build(*plan_.root);
}

size_t ShownColumns::CountRelations(const Node& node) const {
  size_t count = IsSource(node) ? 1 : 0;
  if (node.kind == NodeKind::kInsert) {
    // The table, and EXCLUDED.
    count += static_cast<const InsertNode&>(node).set.empty() ? 1 : 2;
  }
  for (const NodePtr& child : node.children) count += CountRelations(*child);
  return count;
}

std::string ShownColumns::NewAlias(const std::string& name) {
  std::string alias = name;
  for (int i = 1; !taken_.insert(alias).second; ++i) alias = name + "_" + std::to_string(i);
  return alias;
}

void ShownColumns::NameRelations(const Node& node) {
  if (node.kind == NodeKind::kScan) {
    const auto& scan = static_cast<const ScanNode&>(node);
    aliases_[&node] = NewAlias(scan.alias.empty() ? scan.table_name : scan.alias);
  } else if (node.kind == NodeKind::kSystemScan) {
    const auto& scan = static_cast<const SystemScanNode&>(node);
    aliases_[&node] = NewAlias(scan.alias.empty() ? scan.table->name : scan.alias);
  } else if (node.kind == NodeKind::kCteScan) {
    aliases_[&node] = NewAlias(static_cast<const CteScanNode&>(node).name);
  } else if (node.kind == NodeKind::kWorkTable) {
    aliases_[&node] = NewAlias(static_cast<const WorkTableNode&>(node).name);
  } else if (node.kind == NodeKind::kInsert) {
    aliases_[&node] = NewAlias(static_cast<const InsertNode&>(node).target->table_name);
  }
  for (const NodePtr& child : node.children) NameRelations(*child);
}

void ShownColumns::Build(const Node& node) {
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i == 1 && node.kind == NodeKind::kApply) {
      const Columns left = Above(*node.children[0]);
      for (const auto& [slot, column] : static_cast<const ApplyNode&>(node).slots) {
        if (column < left.size()) slots_[slot] = left[column].full;
      }
    }
    Build(*node.children[i]);
  }
  outputs_[&node] = OutputsOf(node);
  BuildSubplans(node);
}

void ShownColumns::BuildSubplans(const Node& node) {
  const auto build = [&](const expr::SubplanExpr& subplan, const Columns& inputs) {
    for (size_t i = 0; i < subplan.slots.size() && i < subplan.children.size(); ++i) {
      slots_[subplan.slots[i]] = Render(inputs, *subplan.children[i], true);
    }
    const Node* root = plan_.subplans[subplan.subplan].get();
    if (root != nullptr && !outputs_.contains(root)) Build(*root);
  };
  // The visitor takes mutable nodes because passes rewrite through it; nothing changes here.
  ForEachExpr(const_cast<Node&>(node), [&](expr::ExprPtr& root) {
    if (!expr::ContainsSubplan(*root)) return;
    const Columns inputs = InputsOf(node);
    expr::Walk(*root, [&](const expr::Expr& expr) {
      if (expr.kind == expr::ExprKind::kSubplan) build(expr::As<expr::SubplanExpr>(expr), inputs);
      return true;
    });
  });
}

ShownColumns::Columns ShownColumns::SourceColumns(const Node& node) const {
  Columns columns;
  for (size_t i = 0; i < node.names.size(); ++i) {
    std::string name = QuoteIdentifier(node.names[i]);
    std::string qualifier;
    if (const auto alias = aliases_.find(&node); alias != aliases_.end()) {
      qualifier = QuoteIdentifier(alias->second) + ".";
    }
    if (node.kind == NodeKind::kScan) {
      // A view's column goes by the name that its table has for it.
      const auto& scan = static_cast<const ScanNode&>(node);
      const bool is_writer = scan.with_writer && i == scan.columns.size();
      if (i >= scan.columns.size()) {
        name = is_writer ? "xmin" : "ctid";
      } else if (scan.columns[i] < scan.column_names.size()) {
        name = QuoteIdentifier(scan.column_names[scan.columns[i]]);
      }
    } else if (node.kind == NodeKind::kSystemScan) {
      const auto& scan = static_cast<const SystemScanNode&>(node);
      if (i < scan.columns.size())
        name = QuoteIdentifier(scan.table->columns[scan.columns[i]].name);
    } else if (node.kind == NodeKind::kValues &&
               static_cast<const ValuesNode&>(node).rows.size() > 1) {
      name = "column" + std::to_string(i + 1);
      qualifier = "\"*VALUES*\".";
    }
    columns.push_back({qualifier + name, name});
  }
  return columns;
}

ShownColumns::Column ShownColumns::Computed(const Columns& inputs, const expr::Expr& expr,
                                            const std::string& name) const {
  if (expr.kind == expr::ExprKind::kColumn) {
    const uint32_t index = expr::As<expr::ColumnExpr>(expr).index;
    if (index < inputs.size()) return inputs[index];
  }
  Column column{Render(inputs, expr, true), Render(inputs, expr, false), true};
  if (column.full.size() > kTextBytesMax) return {name, name};
  return column;
}

std::string ShownColumns::List(const Columns& inputs, std::span<const expr::ExprPtr> exprs,
                               bool full) const {
  std::string text;
  for (const expr::ExprPtr& expr : exprs) {
    text += (text.empty() ? "" : ", ") + Render(inputs, *expr, full);
  }
  return text;
}

std::string ShownColumns::AggregateText(const Columns& inputs, const AggregateNode::Call& call,
                                        bool full) const {
  std::string keys;
  for (const SortKey& key : call.order_by) {
    keys += (keys.empty() ? "" : ", ") + Render(inputs, *key.expression, full) + Direction(key);
  }
  const std::span<const expr::ExprPtr> arguments(call.arguments);
  std::string text = std::string(call.function->name) + (call.distinct ? "(DISTINCT " : "(");
  if (call.function->is_ordered_set) {
    const size_t direct = call.direct_argument_count;
    if (keys.empty()) keys = List(inputs, arguments.subspan(direct), full);
    text += List(inputs, arguments.first(direct), full) + ") WITHIN GROUP (ORDER BY " + keys + ")";
  } else {
    text += arguments.empty() ? "*" : List(inputs, arguments, full);
    text += (keys.empty() ? "" : " ORDER BY " + keys) + ")";
  }
  if (call.filter != nullptr) {
    text += " FILTER (WHERE " + Render(inputs, *call.filter, full) + ")";
  }
  return text;
}

ShownColumns::Columns ShownColumns::AggregateColumns(const AggregateNode& node) const {
  const Columns inputs = InputsOf(node);
  Columns columns;
  for (const expr::ExprPtr& group : node.groups) {
    columns.push_back(Computed(inputs, *group, NameOf(node, columns.size())));
  }
  for (const AggregateNode::Call& call : node.calls) {
    Column column{AggregateText(inputs, call, true), AggregateText(inputs, call, false), true};
    if (column.full.size() > kTextBytesMax) column.full = column.bare = call.function->name;
    columns.push_back(std::move(column));
  }
  for (const std::vector<uint32_t>& arguments : node.grouping_calls) {
    Column column{"", "", true};
    for (const uint32_t argument : arguments) {
      const std::string separator = column.full.empty() ? "GROUPING(" : ", ";
      column.full += separator + columns[argument].full;
      column.bare += separator + columns[argument].bare;
    }
    column.full += ")";
    column.bare += ")";
    columns.push_back(std::move(column));
  }
  return columns;
}

ShownColumns::Columns ShownColumns::WindowColumns(const WindowNode& node) const {
  const Columns inputs = InputsOf(node);
  Columns columns = inputs;
  for (const WindowNode::Call& call : node.calls) {
    const std::string name(call.window != nullptr ? call.window->name : call.aggregate->name);
    const bool star = call.aggregate != nullptr && call.arguments.empty();
    const auto text = [&](bool full) {
      return name + "(" + (star ? "*" : List(inputs, call.arguments, full)) + ") OVER (?)";
    };
    columns.push_back({text(true), text(false), true});
  }
  return columns;
}

ShownColumns::Columns ShownColumns::ProjectSetColumns(const ProjectSetNode& node) const {
  const Columns inputs = InputsOf(node);
  Columns columns;
  for (const ProjectSetNode::Item& item : node.items) {
    if (item.scalar != nullptr) {
      columns.push_back(Computed(inputs, *item.scalar, NameOf(node, columns.size())));
      continue;
    }
    const auto text = [&](bool full) {
      return std::string(item.function->name) + "(" + List(inputs, item.arguments, full) + ")";
    };
    columns.push_back({text(true), text(false), true});
  }
  return columns;
}

ShownColumns::Columns ShownColumns::OutputsOf(const Node& node) const {
  if (IsSource(node)) return SourceColumns(node);
  Columns columns;
  switch (node.kind) {
    case NodeKind::kProject: {
      const Columns inputs = InputsOf(node);
      for (const expr::ExprPtr& expr : static_cast<const ProjectNode&>(node).expressions) {
        columns.push_back(Computed(inputs, *expr, NameOf(node, columns.size())));
      }
      break;
    }
    case NodeKind::kProjectSet:
      columns = ProjectSetColumns(static_cast<const ProjectSetNode&>(node));
      break;
    case NodeKind::kAggregate:
      columns = AggregateColumns(static_cast<const AggregateNode&>(node));
      break;
    case NodeKind::kWindow:
      columns = WindowColumns(static_cast<const WindowNode&>(node));
      break;
    case NodeKind::kInsert:
    case NodeKind::kUpdate:
    case NodeKind::kDelete:
    case NodeKind::kMerge:
      break;
    default:
      columns = InputsOf(node);
  }
  // What a join hands on depends on its type; what the nodes that write do, on RETURNING.
  if (columns.size() > node.names.size()) columns.resize(node.names.size());
  for (size_t i = columns.size(); i < node.names.size(); ++i) {
    const std::string name = QuoteIdentifier(node.names[i]);
    columns.push_back({name, name});
  }
  return columns;
}

ShownColumns::Columns ShownColumns::Above(const Node& child) const {
  Columns columns = outputs_.at(&child);
  for (Column& column : columns) {
    if (!column.computed) continue;
    column = {"(" + column.full + ")", "(" + column.bare + ")"};
  }
  return columns;
}

ShownColumns::Columns ShownColumns::InputsOf(const Node& node) const {
  if (node.kind == NodeKind::kInsert) {
    // The row that is there, then the one proposed.
    const auto& insert = static_cast<const InsertNode&>(node);
    const std::string table = QuoteIdentifier(aliases_.at(&node)) + ".";
    Columns columns;
    for (const std::string& relation : {table, std::string("excluded.")}) {
      for (const std::string& name : insert.target->column_names) {
        columns.push_back({relation + QuoteIdentifier(name), QuoteIdentifier(name)});
      }
    }
    return columns;
  }
  if (node.children.empty()) return SourceColumns(node);
  if (IsFolded(node)) return outputs_.at(node.children[0].get());
  Columns columns = Above(*node.children[0]);
  if (node.kind == NodeKind::kJoin || node.kind == NodeKind::kApply) {
    Columns right = Above(*node.children[1]);
    for (Column& column : right) columns.push_back(std::move(column));
  }
  return columns;
}

std::string ShownColumns::Render(const Columns& inputs, const expr::Expr& expr, bool full) const {
  expr::ExprPtr named = expr::Rewrite(expr.Clone(), [&](expr::ExprPtr node) -> expr::ExprPtr {
    if (node->kind == expr::ExprKind::kColumn) {
      auto& column = expr::As<expr::ColumnExpr>(*node);
      if (column.index < inputs.size()) {
        column.name = full ? inputs[column.index].full : inputs[column.index].bare;
      }
    } else if (node->kind == expr::ExprKind::kParameter) {
      const auto outer = slots_.find(expr::As<expr::ParameterExpr>(*node).slot);
      if (outer == slots_.end()) return node;
      auto column = std::make_unique<expr::ColumnExpr>(0, node->type);
      column->name = outer->second;
      return column;
    }
    return node;
  });
  return expr::ToString(*named);
}

std::string ShownColumns::Text(const Node& node, const expr::Expr& expr) const {
  const Node* shown = &node;
  while (IsFolded(*shown)) shown = shown->children[0].get();
  return Render(InputsOf(node), expr, verbose_ || (several_ && !IsSource(*shown)));
}

std::string ShownColumns::KeyText(const Node& node, const SortKey& key) const {
  return Text(node, *key.expression) + Direction(key);
}

std::string ShownColumns::TextAbove(const Node& node, const expr::Expr& expr) const {
  return Render(Above(node), expr, verbose_ || several_);
}

std::vector<std::string> ShownColumns::Outputs(const Node& node) const {
  std::vector<std::string> texts;
  for (const Column& column : outputs_.at(&node)) {
    texts.push_back(several_ ? column.full : column.bare);
  }
  return texts;
}

std::string ShownColumns::ScanColumn(const Node& scan, const std::string& name) const {
  return (verbose_ ? QuoteIdentifier(AliasOf(scan)) + "." : "") + QuoteIdentifier(name);
}

}  // namespace helios::sql::plan
