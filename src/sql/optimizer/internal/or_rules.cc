// What an OR of ANDs, and equalities with constants, imply.
#include <algorithm>

#include "sql/optimizer/internal/pushdown.h"

namespace helios::sql::optimizer {

namespace {
using expr::As;
using expr::ExprKind;
using expr::ExprPtr;
using plan::IdSet;

constexpr size_t kArmsMax = 32;

bool IsEquality(const expr::Expr& expr) {
  return expr.kind == ExprKind::kFunction && expr.children.size() == 2 &&
         As<expr::FunctionExpr>(expr).operator_name == "=";
}

bool HasColumns(const expr::Expr& expr) {
  bool found = false;
  expr::Walk(expr, [&](const expr::Expr& node) {
    found = found || node.kind == ExprKind::kColumn || node.kind == ExprKind::kSubplan;
    return !found;
  });
  return found;
}

bool Contains(const std::vector<ExprPtr>& list, const expr::Expr& item) {
  return std::any_of(list.begin(), list.end(),
                     [&](const ExprPtr& other) { return expr::Equal(*other, item); });
}

ExprPtr JoinOr(std::vector<ExprPtr> arms) {
  if (arms.size() == 1) return std::move(arms[0]);
  auto result = std::make_unique<expr::OrExpr>();
  result->children = std::move(arms);
  return result;
}
}  // namespace

void SpreadConstants(std::vector<ExprPtr>* conjuncts) {
  for (size_t round = 0; round < 4; ++round) {
    std::vector<ExprPtr> found;
    for (const ExprPtr& pair : *conjuncts) {
      if (!IsEquality(*pair) || pair->children[0]->kind != ExprKind::kColumn ||
          pair->children[1]->kind != ExprKind::kColumn ||
          pair->children[0]->type.oid != pair->children[1]->type.oid) {
        continue;
      }
      for (const ExprPtr& known : *conjuncts) {
        if (!IsEquality(*known) || expr::ContainsVolatile(*known) ||
            As<expr::FunctionExpr>(*known).function != As<expr::FunctionExpr>(*pair).function ||
            HasColumns(*known->children[1])) {
          continue;
        }
        for (const size_t side : {0, 1}) {
          if (!expr::Equal(*known->children[0], *pair->children[side])) continue;
          ExprPtr copy = known->Clone();
          copy->children[0] = pair->children[1 - side]->Clone();
          if (!Contains(*conjuncts, *copy) && !Contains(found, *copy)) {
            found.push_back(std::move(copy));
          }
        }
      }
    }
    if (found.empty()) return;
    for (ExprPtr& conjunct : found) conjuncts->push_back(std::move(conjunct));
  }
}

namespace {
// Common conjuncts of all arms come out; the arms keep the rest.
void Factor(ExprPtr conjunct, std::vector<ExprPtr>* out) {
  std::vector<std::vector<ExprPtr>> arms;
  for (ExprPtr& arm : conjunct->children) arms.push_back(plan::SplitAnd(std::move(arm)));
  std::vector<ExprPtr> common;
  for (const ExprPtr& candidate : arms[0]) {
    if (expr::ContainsVolatile(*candidate) || expr::ContainsSubplan(*candidate)) continue;
    const bool everywhere = std::all_of(arms.begin(), arms.end(),
                                        [&](const auto& arm) { return Contains(arm, *candidate); });
    if (everywhere) common.push_back(candidate->Clone());
  }
  std::vector<ExprPtr> rest;
  bool trivial = false;
  for (auto& arm : arms) {
    std::erase_if(arm, [&](const ExprPtr& item) { return Contains(common, *item); });
    if (arm.empty()) {
      trivial = true;  // This arm asks nothing more: the OR is true once the common part is.
      continue;
    }
    rest.push_back(plan::JoinAnd(std::move(arm)));
  }
  for (ExprPtr& item : common) out->push_back(std::move(item));
  if (!trivial) out->push_back(JoinOr(std::move(rest)));
}
}  // namespace

void ExtractFromOr(std::vector<ExprPtr>* conjuncts, const std::vector<IdSet>& relations,
                   const std::vector<plan::NodePtr>& subplans) {
  std::vector<ExprPtr> result;
  for (ExprPtr& conjunct : *conjuncts) {
    if (conjunct->kind != ExprKind::kOr || conjunct->children.size() > kArmsMax) {
      result.push_back(std::move(conjunct));
    } else {
      Factor(std::move(conjunct), &result);
    }
  }
  std::vector<ExprPtr> derived;
  for (const ExprPtr& conjunct : result) {
    if (conjunct->kind != ExprKind::kOr || expr::ContainsVolatile(*conjunct) ||
        expr::ContainsSubplan(*conjunct)) {
      continue;
    }
    IdSet all;
    plan::CollectIds(*conjunct, subplans, &all);
    for (const IdSet& relation : relations) {
      if (!plan::Intersects(all, relation)) continue;
      const bool only_this = std::all_of(relations.begin(), relations.end(), [&](const IdSet& r) {
        return &r == &relation || !plan::Intersects(all, r);
      });
      if (only_this) continue;
      std::vector<ExprPtr> arms;
      for (const ExprPtr& arm : conjunct->children) {
        std::vector<ExprPtr> mine;
        for (ExprPtr& part : plan::SplitAnd(arm->Clone())) {
          IdSet used;
          plan::CollectIds(*part, subplans, &used);
          if (!used.empty() && plan::IsSubset(used, relation)) mine.push_back(std::move(part));
        }
        if (mine.empty()) break;
        arms.push_back(plan::JoinAnd(std::move(mine)));
      }
      if (arms.size() != conjunct->children.size()) continue;
      ExprPtr restriction = JoinOr(std::move(arms));
      if (!Contains(result, *restriction) && !Contains(derived, *restriction)) {
        derived.push_back(std::move(restriction));
      }
    }
  }
  for (ExprPtr& conjunct : derived) result.push_back(std::move(conjunct));
  *conjuncts = std::move(result);
}

}  // namespace helios::sql::optimizer
