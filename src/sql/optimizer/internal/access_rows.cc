// ctid = ..., where it is the row's key. The filter stays: it costs nothing for so few rows.
#include <algorithm>

#include "expr/internal_functions.h"
#include "sql/optimizer/internal/access_path.h"

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
namespace t = type_oid;
}  // namespace

bool AccessPaths::ChooseRows(plan::ScanNode& scan, const std::vector<ExprPtr>& conjuncts) {
  const expr::ScalarFunction* tid = expr::GetInternalFunction(expr::InternalFunction::kTidOfRowId);
  const auto is_tid = [&](const expr::Expr& expr) {
    return expr.kind == ExprKind::kFunction && As<expr::FunctionExpr>(expr).function == tid &&
           scan.with_row_key && expr.children[0]->kind == ExprKind::kColumn &&
           As<expr::ColumnExpr>(*expr.children[0]).index == scan.ids.back();
  };
  for (const ExprPtr& conjunct : conjuncts) {
    const bool equal = conjunct->kind == ExprKind::kFunction && conjunct->children.size() == 2 &&
                       As<expr::FunctionExpr>(*conjunct).operator_name == "=";
    const bool any = conjunct->kind == ExprKind::kScalarArrayOp &&
                     !As<expr::ScalarArrayOpExpr>(*conjunct).all &&
                     As<expr::ScalarArrayOpExpr>(*conjunct).operator_name == "=";
    if (!equal && !any) continue;
    for (const size_t side : {0, 1}) {
      const expr::Expr& value = *conjunct->children[1 - side];
      if ((any && side == 1) || !is_tid(*conjunct->children[side]) || !IsFixed(scan, value)) {
        continue;
      }
      auto key = std::make_unique<expr::FunctionExpr>(
          expr::GetInternalFunction(expr::InternalFunction::kRowIdOfTid),
          SqlType{any ? FindType(t::kBytea)->array : Oid{t::kBytea}, -1});
      key->children.push_back(value.Clone());
      scan.bounds.emplace_back();
      scan.bounds.back().row_key = std::move(key);
      scan.bound_selectivity = 1 / std::max(1.0, estimator_.TableRows(scan));
      return true;
    }
  }
  return false;
}

}  // namespace helios::sql::optimizer
