#pragma once

#include <vector>

namespace helios::expr {

// Whether a pattern as a whole wants its longest or its shortest match. In PostgreSQL a branch
// takes the preference of the first of its atoms that has one, two or more branches want the
// longest, and an atom's is that of its quantifier, or of what stands between its parentheses.
class RegexPreference {
 public:
  enum class Kind { kNone, kLongest, kShortest };

  // As the translator meets them, left to right.
  void Atom() { Settle(); }
  void Open() {
    Settle();
    levels_.push_back(Kind::kNone);
  }
  void Close() {
    Settle();
    if (levels_.size() == 1) return;
    pending_ = levels_.back();
    levels_.pop_back();
  }
  void Branch() {
    Settle();
    levels_.back() = Kind::kLongest;
  }
  void Quantifier(bool lazy) {
    pending_ = lazy ? Kind::kShortest : Kind::kLongest;
    (lazy ? has_lazy_ : has_greedy_) = true;
  }

  bool has_lazy() const { return has_lazy_; }
  // Both sorts of quantifiers: neither engine setting alone finds the match.
  bool is_mixed() const { return has_lazy_ && has_greedy_; }
  Kind Whole() {
    Settle();
    return levels_.front();
  }

 private:
  // The last atom has no quantifier any more: what it wants counts where nothing did before.
  void Settle() {
    if (levels_.back() == Kind::kNone) levels_.back() = pending_;
    pending_ = Kind::kNone;
  }

  std::vector<Kind> levels_ = {Kind::kNone};  // Of the parentheses that are open.
  Kind pending_ = Kind::kNone;  // Of the atom just read, which a quantifier may still follow.
  bool has_lazy_ = false;
  bool has_greedy_ = false;
};

}  // namespace helios::expr
