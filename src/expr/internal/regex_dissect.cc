#include "expr/internal/regex_dissect.h"

#include <re2/re2.h>

#include <algorithm>

namespace helios::expr {

namespace {
// What a part of a pattern prefers and holds, as PostgreSQL's parser (regcomp.c) notes it.
constexpr unsigned kLonger = 1;
constexpr unsigned kShorter = 2;
constexpr unsigned kMixed = 4;
constexpr unsigned kCaptures = 8;
constexpr unsigned kPreferences = kLonger | kShorter;

bool IsMessy(unsigned flags) { return (flags & (kMixed | kCaptures)) != 0; }
// What the whole takes over from a part.
unsigned Up(unsigned flags) {
  const bool clash = (flags & kPreferences) == kPreferences;
  return (flags & ~kPreferences) | (clash ? kMixed : 0);
}
unsigned Combine(unsigned first, unsigned second) {
  const unsigned preference = (first & kPreferences) != 0 ? first : second;
  return Up(first | second) | (preference & kPreferences);
}

constexpr int kUnbounded = -1;
// Larger patterns are left to RE2: each node compiles its part of the pattern again.
constexpr size_t kPatternBytesMax = 1000;
constexpr int kDepthMax = 50;
// So much work is a match worth: searches, and bytes that they may look at.
constexpr int64_t kSearchesMax = 100'000;
constexpr int64_t kSearchedBytesMax = int64_t{1} << 29;
}  // namespace

enum class Part { kPlain, kConcat, kAlternatives, kGroup, kRepeat };

struct RegexDissector::Node {
  Part part = Part::kPlain;
  unsigned flags = 0;
  std::string source;
  int group = 0;
  int max = kUnbounded;  // Of kRepeat; its minimum is 0.
  std::vector<std::unique_ptr<Node>> children;
  std::unique_ptr<RE2> re;

  bool prefers_shorter() const { return (flags & kShorter) != 0; }
};

// Builds the tree as regcomp.c does: what holds no group and no clash of preferences is one plain
// part, however long.
class RegexDissector::Parser {
 public:
  using NodePtr = std::unique_ptr<Node>;
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  // Null: too deep, or not understood.
  NodePtr Run() {
    NodePtr root = Alternatives();
    return failed_ || at_ != pattern_.size() ? nullptr : std::move(root);
  }
  // There are alternatives, more than single characters are repeated, or quantifiers prefer less.
  bool is_needed() const { return is_needed_; }

 private:
  struct Quantifier {
    int min = 1;
    int max = 1;
    unsigned preference = 0;
  };

  bool AtEnd() const { return at_ >= pattern_.size(); }
  char Peek() const { return AtEnd() ? '\0' : pattern_[at_]; }
  bool AtBranchEnd() const { return AtEnd() || Peek() == '|' || Peek() == ')'; }
  NodePtr Make(Part part, unsigned flags, size_t from) const {
    auto node = std::make_unique<Node>();
    node->part = part;
    node->flags = flags;
    node->source = pattern_.substr(from, at_ - from);
    return node;
  }

  NodePtr Alternatives() {
    const size_t from = at_;
    if (++depth_ > kDepthMax) failed_ = true;
    std::vector<NodePtr> branches;
    branches.push_back(Branch());
    while (!failed_ && Peek() == '|') {
      ++at_;
      branches.push_back(Branch());
    }
    --depth_;
    if (branches.size() == 1) return std::move(branches[0]);
    is_needed_ = true;
    unsigned flags = kLonger;
    for (const NodePtr& branch : branches) flags |= Up(flags | branch->flags);
    if (!IsMessy(flags)) return Make(Part::kPlain, flags, from);
    NodePtr node = Make(Part::kAlternatives, flags, from);
    node->children = std::move(branches);
    return node;
  }

  // The parts so far, if any, before a messy one and the rest of the branch.
  NodePtr Branch() {
    const size_t from = at_;
    unsigned flags = 0;
    while (!failed_ && !AtBranchEnd()) {
      const size_t atom_from = at_;
      NodePtr atom = Atom();
      const size_t atom_end = at_;
      const Quantifier quantifier = TakeQuantifier();
      if (failed_) break;
      if (quantifier.max == 0) continue;
      const unsigned all = flags | quantifier.preference | atom->flags;
      const bool is_quantified = at_ > atom_end;
      if (is_quantified && (pattern_[atom_from] == '(' || quantifier.preference == kShorter)) {
        is_needed_ = true;
      }
      if (atom->part != Part::kGroup && !IsMessy(Up(all))) {
        flags = all;
        continue;
      }
      const bool has_prefix = atom_from > from;
      NodePtr prefix;
      if (has_prefix) {
        const size_t end = std::exchange(at_, atom_from);
        prefix = Make(Part::kPlain, flags & kPreferences, from);
        at_ = end;
      }
      const unsigned rest_flags = Combine(quantifier.preference, atom->flags);
      NodePtr rest = Messy(std::move(atom), quantifier, atom_from, atom_end);
      if (!AtBranchEnd()) rest = Concat(std::move(rest), Branch(), rest_flags, atom_from);
      return has_prefix ? Concat(std::move(prefix), std::move(rest), flags, from) : std::move(rest);
    }
    return Make(Part::kPlain, flags, from);
  }

  NodePtr Concat(NodePtr left, NodePtr right, unsigned flags, size_t from) const {
    NodePtr node = Make(Part::kConcat, flags | Combine(flags, right->flags), from);
    node->children.push_back(std::move(left));
    node->children.push_back(std::move(right));
    return node;
  }

  NodePtr Messy(NodePtr atom, const Quantifier& quantifier, size_t from, size_t atom_end) {
    const unsigned own = atom->flags & (kPreferences | kMixed);
    if (quantifier.min == 1 && quantifier.max == 1 &&
        (quantifier.preference == 0 || own == 0 || own == quantifier.preference)) {
      return atom;
    }
    const unsigned flags = Combine(quantifier.preference, atom->flags);
    if ((atom->flags & kCaptures) == 0) return Make(Part::kPlain, flags, from);
    if (quantifier.min == 0) {
      NodePtr node = Make(Part::kRepeat, flags, from);
      node->max = quantifier.max;
      node->children.push_back(std::move(atom));
      return node;
    }
    // Only the last round's groups are kept: the rounds before are a plain part.
    auto before = std::make_unique<Node>();
    before->flags = flags & kPreferences;
    before->source = "(?:" + std::string(pattern_.substr(from, atom_end - from)) + "){" +
                     std::to_string(quantifier.min - 1) + "," +
                     (quantifier.max == kUnbounded ? "" : std::to_string(quantifier.max - 1)) + "}";
    NodePtr node = Make(Part::kConcat, flags, from);
    node->children.push_back(std::move(before));
    node->children.push_back(std::move(atom));
    return node;
  }

  NodePtr Atom() {
    const size_t from = at_;
    switch (Peek()) {
      case '(':
        return Parentheses();
      case '[':
        Bracket();
        break;
      case '\\':
        at_ += 2;
        // \x{41}, \p{L}
        if (Peek() == '{' && (pattern_[at_ - 1] == 'x' || pattern_[at_ - 1] == 'p')) {
          at_ = pattern_.find('}', at_);
          at_ = at_ == std::string_view::npos ? pattern_.size() : at_ + 1;
        }
        break;
      default:
        ++at_;
        break;
    }
    // The rest of a character of several bytes belongs to it.
    while (!AtEnd() && (static_cast<unsigned char>(Peek()) & 0xc0) == 0x80) ++at_;
    return Make(Part::kPlain, 0, from);
  }

  NodePtr Parentheses() {
    const size_t from = at_;
    const bool captures = !pattern_.substr(at_).starts_with("(?");
    at_ += captures ? 1 : 3;  // "(?:"
    const int group = captures ? ++group_count_ : 0;
    NodePtr inner = Alternatives();
    if (Peek() != ')') failed_ = true;
    ++at_;
    if (!captures) return inner;
    NodePtr node = Make(Part::kGroup, inner->flags | kCaptures, from);
    node->group = group;
    node->children.push_back(std::move(inner));
    return node;
  }

  void Bracket() {
    for (++at_; !AtEnd() && Peek() != ']'; ++at_) {
      if (Peek() == '\\') {
        ++at_;
      } else if (pattern_.substr(at_).starts_with("[:")) {
        const size_t end = pattern_.find(":]", at_);
        if (end == std::string_view::npos) break;
        at_ = end + 1;
      }
    }
    ++at_;
  }

  Quantifier TakeQuantifier() {
    Quantifier result;
    const char c = Peek();
    if (c != '*' && c != '+' && c != '?' && c != '{') return result;
    ++at_;
    bool prefers = true;
    result.max = kUnbounded;
    if (c != '{') {
      result.min = c == '+' ? 1 : 0;
      if (c == '?') result.max = 1;
    } else {
      result.min = Number();
      prefers = Peek() == ',';
      if (!prefers) result.max = result.min;
      if (prefers && ++at_ < pattern_.size() && Peek() != '}') result.max = Number();
      if (Peek() != '}') failed_ = true;
      ++at_;
    }
    const bool lazy = Peek() == '?';
    if (lazy) ++at_;
    if (prefers) result.preference = lazy ? kShorter : kLonger;
    return result;
  }
  int Number() {
    int number = 0;
    for (; Peek() >= '0' && Peek() <= '9' && number < 1000; ++at_)
      number = number * 10 + Peek() - '0';
    return number;
  }

  const std::string_view pattern_;
  size_t at_ = 0;
  int depth_ = 0;
  int group_count_ = 0;
  bool is_needed_ = false;
  bool failed_ = false;
};

// One match, taken apart. Parts are only asked to fit where they are known to, so that nothing has
// to be taken back but ends of parts.
class RegexDissector::Run {
 public:
  Run(std::string_view text, std::vector<RegexSpan>* groups) : text_(text), groups_(groups) {}

  // False: no way found, or out of steps.
  bool Dissect(const Node& node, int64_t begin, int64_t end) {
    switch (node.part) {
      case Part::kPlain:
        return true;
      case Part::kGroup:
        if (!Dissect(*node.children[0], begin, end)) return false;
        (*groups_)[static_cast<size_t>(node.group)] = {begin, end};
        return true;
      case Part::kConcat:
        return Concat(node, begin, end);
      case Part::kAlternatives:
        for (const auto& branch : node.children) {
          if (Fits(*branch, begin, end)) return Dissect(*branch, begin, end);
        }
        return false;
      case Part::kRepeat:
        return Repeat(node, begin, end);
    }
    return false;
  }

 private:
  bool Search(const Node& node, int64_t begin, int64_t end, RE2::Anchor anchor,
              re2::StringPiece* match) {
    bytes_ += end - begin;
    if (++searches_ > kSearchesMax || bytes_ > kSearchedBytesMax) return false;
    return node.re->Match(re2::StringPiece(text_.data(), text_.size()), static_cast<size_t>(begin),
                          static_cast<size_t>(end), anchor, match, match == nullptr ? 0 : 1);
  }
  bool Fits(const Node& node, int64_t begin, int64_t end) {
    return Search(node, begin, end, RE2::ANCHOR_BOTH, nullptr);
  }
  // The end of the longest piece from `begin` that ends at `end` or before; -1: none.
  int64_t Longest(const Node& node, int64_t begin, int64_t end) {
    re2::StringPiece match;
    if (begin > end || !Search(node, begin, end, RE2::ANCHOR_START, &match)) return -1;
    return begin + static_cast<int64_t>(match.size());
  }
  // The end of the shortest piece from `begin` that ends between `low` and `high`; -1: none.
  int64_t Shortest(const Node& node, int64_t begin, int64_t low, int64_t high) {
    if (low > high || !Search(node, begin, high, RE2::ANCHOR_START, nullptr)) return -1;
    int64_t none = begin - 1;  // Nothing ends there or before,
    int64_t some = high;       // and something does here.
    while (some - none > 1) {
      const int64_t middle = none + (some - none) / 2;
      (Search(node, begin, middle, RE2::ANCHOR_START, nullptr) ? some : none) = middle;
    }
    for (int64_t end = std::max(some, low); end <= high; ++end) {
      if (Fits(node, begin, end)) return end;
    }
    return -1;
  }

  bool Concat(const Node& node, int64_t begin, int64_t end) {
    const Node& left = *node.children[0];
    const Node& right = *node.children[1];
    const bool shorter = left.prefers_shorter();
    int64_t middle = shorter ? Shortest(left, begin, begin, end) : Longest(left, begin, end);
    while (middle >= 0) {
      if (Fits(right, middle, end)) {
        return Dissect(left, begin, middle) && Dissect(right, middle, end);
      }
      middle = shorter ? Shortest(left, begin, middle + 1, end) : Longest(left, begin, middle - 1);
    }
    return false;
  }

  void Forget(const Node& node) {
    if (node.part == Part::kGroup) (*groups_)[static_cast<size_t>(node.group)] = RegexSpan();
    for (const auto& child : node.children) Forget(*child);
  }

  // Rounds are not empty, but for one that takes nothing of nothing; each takes what it prefers as
  // long as the others can reach the end.
  bool Repeat(const Node& node, int64_t begin, int64_t end) {
    const Node& child = *node.children[0];
    const bool shorter = child.prefers_shorter();
    if (begin == end) return shorter || !Fits(child, begin, end) || Dissect(child, begin, end);
    const auto rounds_max = static_cast<size_t>(
        node.max == kUnbounded ? end - begin : std::min<int64_t>(node.max, end - begin));
    std::vector<int64_t> ends = {begin};  // Of the rounds so far, after the beginning.
    int64_t limit = shorter ? begin + 1 : end;
    for (;;) {
      const int64_t from = ends.back();
      const bool is_last = ends.size() == rounds_max;
      const int64_t reached =
          shorter ? Shortest(child, from, is_last ? end : limit, end) : Longest(child, from, limit);
      if (reached == end) {
        Forget(child);
        return Dissect(child, from, end);
      }
      if (reached > from && !is_last) {
        ends.push_back(reached);
        limit = shorter ? reached + 1 : end;
        continue;
      }
      // This round cannot go on from here: the one before has to end elsewhere.
      if (ends.size() == 1) return false;
      limit = shorter ? from + 1 : from - 1;
      ends.pop_back();
      if (searches_ > kSearchesMax || bytes_ > kSearchedBytesMax) return false;
    }
  }

  const std::string_view text_;
  std::vector<RegexSpan>* groups_;
  int64_t searches_ = 0;
  int64_t bytes_ = 0;
};

RegexDissector::RegexDissector(std::unique_ptr<Node> root) : root_(std::move(root)) {}
RegexDissector::~RegexDissector() = default;

std::unique_ptr<RegexDissector> RegexDissector::Compile(std::string_view pattern,
                                                        const RegexFlags& flags) {
  if (flags.literal || pattern.size() > kPatternBytesMax) return nullptr;
  if (pattern.find('(') == std::string_view::npos) return nullptr;
  Parser parser(pattern);
  std::unique_ptr<Node> root = parser.Run();
  if (root == nullptr || !parser.is_needed() || (root->flags & kCaptures) == 0) return nullptr;
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!flags.ignore_case);
  options.set_dot_nl(!flags.dot_excludes_newline);
  options.set_longest_match(true);
  options.set_max_mem(8 << 20);
  std::vector<Node*> pending = {root.get()};
  while (!pending.empty()) {
    Node* node = pending.back();
    pending.pop_back();
    for (const auto& child : node->children) {
      const char* mode = flags.anchors_match_lines ? "(?m:" : "(?:";
      child->re = std::make_unique<RE2>(mode + child->source + ")", options);
      if (!child->re->ok()) return nullptr;
      pending.push_back(child.get());
    }
  }
  return std::unique_ptr<RegexDissector>(new RegexDissector(std::move(root)));
}

bool RegexDissector::Dissect(std::string_view text, std::vector<RegexSpan>* spans) const {
  std::vector<RegexSpan> groups(spans->size());
  groups[0] = (*spans)[0];
  if (!Run(text, &groups).Dissect(*root_, groups[0].begin, groups[0].end)) return false;
  *spans = std::move(groups);
  return true;
}

}  // namespace helios::expr
