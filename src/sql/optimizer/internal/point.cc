// Point statements, and what turns a finished plan's shape into one.
#include "sql/optimizer/optimizer.h"
#include "sql/plan/walk.h"

namespace helios::sql::optimizer {

namespace {
using plan::NodeKind;

bool IsPlain(const expr::Expr& expr) { return !expr::ContainsSubplan(expr); }

// A scan of exactly one row by its whole primary key.
const plan::ScanNode* PointScan(const plan::Node& node) {
  if (node.kind != NodeKind::kScan) return nullptr;
  const auto& scan = static_cast<const plan::ScanNode&>(node);
  if (scan.index != nullptr || scan.with_writer || scan.layout->key_columns.empty() ||
      scan.bounds.size() != 1 || scan.bounds[0].equal.size() != scan.layout->key_columns.size()) {
    return nullptr;
  }
  for (const expr::ExprPtr& value : scan.bounds[0].equal) {
    if (!IsPlain(*value)) return nullptr;
  }
  return &scan;
}

bool AllPlain(const plan::Node& node) {
  bool plain = true;
  // Only reads: the visitor's signature serves passes that rewrite.
  plan::ForEachExpr(const_cast<plan::Node&>(node),
                    [&](expr::ExprPtr& expr) { plain = plain && IsPlain(*expr); });
  return plain;
}

bool IsSimpleTarget(const plan::WriteTarget& target) {
  return target.references.empty() && target.referenced_by.empty();
}
}  // namespace

void FindPointStatement(plan::Plan& plan) {
  if (plan.root == nullptr || !plan.subplans.empty()) return;
  const plan::Node& root = *plan.root;
  plan::PointStatement point;
  switch (root.kind) {
    case NodeKind::kScan:
    case NodeKind::kProject: {
      const plan::Node* below = &root;
      if (root.kind == NodeKind::kProject) {
        point.project = static_cast<const plan::ProjectNode*>(&root);
        if (!AllPlain(root)) return;
        below = root.children[0].get();
      }
      point.scan = PointScan(*below);
      if (point.scan == nullptr || plan.output.size() > root.ids.size()) return;
      point.kind = plan::PointStatement::Kind::kGet;
      break;
    }
    case NodeKind::kInsert: {
      point.insert = static_cast<const plan::InsertNode*>(&root);
      const plan::Node& source = *root.children[0];
      if (source.kind != NodeKind::kValues || !IsSimpleTarget(*point.insert->target) ||
          !AllPlain(root) || !AllPlain(source)) {
        return;
      }
      point.values = static_cast<const plan::ValuesNode*>(&source);
      if (point.values->rows.size() != 1 ||
          point.insert->on_conflict != plan::InsertNode::OnConflict::kError ||
          point.insert->check_option != nullptr || point.insert->with_system_columns) {
        return;
      }
      point.kind = plan::PointStatement::Kind::kInsert;
      break;
    }
    case NodeKind::kUpdate: {
      point.update = static_cast<const plan::UpdateNode*>(&root);
      point.scan = PointScan(*root.children[0]);
      if (point.scan == nullptr || !IsSimpleTarget(*point.update->target) || !AllPlain(root) ||
          point.update->check_option != nullptr) {
        return;
      }
      point.kind = plan::PointStatement::Kind::kUpdate;
      break;
    }
    case NodeKind::kDelete: {
      point.del = static_cast<const plan::DeleteNode*>(&root);
      point.scan = PointScan(*root.children[0]);
      if (point.scan == nullptr || !IsSimpleTarget(*point.del->target) || !AllPlain(root)) return;
      point.kind = plan::PointStatement::Kind::kDelete;
      break;
    }
    default:
      return;
  }
  plan.point = point;
}

}  // namespace helios::sql::optimizer
