#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "exec/internal/operator.h"

namespace helios::exec {

// The slots (past the statement's parameters) that a subtree reads and does not set itself.
std::vector<uint32_t> FreeSlots(const plan::Plan& plan, const plan::Node& node);
// Whether anything in the subtree, its subplans included, may answer differently when asked twice.
bool IsVolatile(const plan::Plan& plan, const plan::Node& node);

// The values of slots as one key; a NULL differs from every value.
std::string SlotKey(const std::vector<Value>& slots, const std::vector<uint32_t>& which);

// Runs sub-selects of expressions and remembers their answers by the outer values that they read:
// one without outer values runs once.
//
// Thread safety: none; expressions with subplans stay on one thread.
class Subplans : public expr::SubplanRunner {
 public:
  explicit Subplans(QueryState& query);
  ~Subplans() override;

  Status Run(const expr::SubplanExpr& expression, std::span<const Vector> arguments,
             size_t row_count, Vector* out) override;

 private:
  struct Subplan;

  Result<Subplan*> Find(uint32_t index);
  Result<Value> Answer(const expr::SubplanExpr& expression, Subplan& subplan);
  Result<Value> Scalar(const expr::SubplanExpr& expression, Subplan& subplan);
  Result<Value> Exists(Subplan& subplan);
  Result<Value> Array(const expr::SubplanExpr& expression, Subplan& subplan);
  // kAny, kAll: `left` holds one constant vector for each left-hand value.
  Result<Value> Compare(const expr::SubplanExpr& expression, Subplan& subplan,
                        std::vector<Vector> left);

  QueryState& query_;
  std::vector<std::unique_ptr<Subplan>> subplans_;
};

}  // namespace helios::exec
