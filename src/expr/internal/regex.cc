#include "expr/internal/regex.h"

#include <re2/re2.h>

#include "expr/internal/regex_backtrack.h"
#include "expr/internal/regex_dissect.h"
#include "expr/internal/regex_preference.h"
#include "types/text.h"

namespace helios::expr {
namespace {

Status Invalid(std::string_view what) {
  return Error(ErrorCode::kInvalidRegularExpression)
      .Message("invalid regular expression: {}", what);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// How the quantifiers are written.
enum class Quantifiers { kAsGiven, kAllLazy, kAllGreedy };

// Writes PostgreSQL's syntax as RE2's, or, for the engine that goes back, as ICU's.
class Translator {
 public:
  Translator(std::string_view pattern, bool goes_back, RegexFlags* flags,
             Quantifiers quantifiers = Quantifiers::kAsGiven)
      : rest_(pattern), goes_back_(goes_back), flags_(flags), quantifiers_(quantifiers) {}

  Result<std::string> Run() {
    if (rest_.starts_with("***:")) {
      rest_.remove_prefix(4);
    } else if (rest_.starts_with("***=")) {
      rest_.remove_prefix(4);
      flags_->literal = true;
    } else if (rest_.starts_with("***")) {
      return Invalid("quantifier operand invalid");
    }
    if (flags_->literal) return RE2::QuoteMeta(re2::StringPiece(rest_.data(), rest_.size()));
    HELIOS_TRY(EmbeddedOptions());
    while (!rest_.empty()) HELIOS_TRY(Next());
    return std::move(out_);
  }
  RegexPreference& preference() { return preference_; }
  // The pattern needs what RE2 does not have; the translation for it is of no use.
  bool must_go_back() const { return must_go_back_; }

 private:
  char Take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  // (?ix) at the very start.
  Status EmbeddedOptions() {
    if (!rest_.starts_with("(?") || rest_.size() < 3) return Status::Ok();
    if (rest_[2] < 'a' || rest_[2] > 'z') return Status::Ok();
    const size_t end = rest_.find(')');
    if (end == std::string_view::npos) return Invalid("invalid embedded option");
    for (const char c : rest_.substr(2, end - 2)) {
      switch (c) {
        case 'i':
          flags_->ignore_case = true;
          break;
        case 'c':
          flags_->ignore_case = false;
          break;
        case 'x':
          flags_->expanded = true;
          break;
        case 't':
          flags_->expanded = false;
          break;
        case 'n':
        case 'm':
          flags_->dot_excludes_newline = flags_->anchors_match_lines = true;
          break;
        case 's':
          flags_->dot_excludes_newline = flags_->anchors_match_lines = false;
          break;
        case 'p':
          flags_->dot_excludes_newline = true;
          break;
        case 'w':
          flags_->anchors_match_lines = true;
          break;
        case 'q':
          flags_->literal = true;
          break;
        case 'b':
        case 'e':
          break;
        default:
          return Invalid("invalid embedded option");
      }
    }
    rest_.remove_prefix(end + 1);
    if (!flags_->literal) return Status::Ok();
    out_ = RE2::QuoteMeta(re2::StringPiece(rest_.data(), rest_.size()));
    rest_ = {};
    return Status::Ok();
  }

  Status Next() {
    const char c = Take();
    if (c != '*' && c != '+' && c != '?' && c != '{') preference_.Atom();
    switch (c) {
      case ')':
        preference_.Close();
        break;
      case '|':
        preference_.Branch();
        break;
      case '\\':
        return Escape(false);
      case '[':
        return Bracket();
      case '(':
        return Group();
      case '*':
      case '+':
      case '?':
        out_.push_back(c);
        return Laziness();
      case '{':
        if (!rest_.empty() && IsDigit(rest_[0])) return Bounds();
        out_.append("\\{");
        return Status::Ok();
      case '}':
        out_.append("\\}");
        return Status::Ok();
      case '$':  // ICU's own would match before a newline at the end too.
        out_.append(goes_back_ && !flags_->anchors_match_lines ? "\\z" : "$");
        return Status::Ok();
      case ']':
        out_.append("\\]");
        return Status::Ok();
      default:
        break;
    }
    if (flags_->expanded && IsSpace(c)) return Status::Ok();
    if (flags_->expanded && c == '#') {
      const size_t end = rest_.find('\n');
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      return Status::Ok();
    }
    out_.push_back(c);
    return Status::Ok();
  }

  Status Laziness() {
    const bool lazy = rest_.starts_with("?");
    if (lazy) rest_.remove_prefix(1);
    preference_.Quantifier(lazy);
    const bool written =
        quantifiers_ == Quantifiers::kAsGiven ? lazy : quantifiers_ == Quantifiers::kAllLazy;
    if (written) out_.push_back('?');
    return Status::Ok();
  }
  Status Bounds() {
    const size_t end = rest_.find('}');
    if (end == std::string_view::npos) return Invalid("braces {} not balanced");
    int64_t low = 0;
    int64_t high = -1;
    bool second = false;
    for (const char c : rest_.substr(0, end)) {
      if (c == ',' && !second) {
        second = true;
        continue;
      }
      if (!IsDigit(c)) return Invalid("invalid repetition count(s)");
      int64_t& bound = second ? high : low;
      bound = std::max<int64_t>(bound, 0) * 10 + (c - '0');
      if (bound > 255) return Invalid("invalid repetition count(s)");
    }
    if (second && high >= 0 && high < low) return Invalid("invalid repetition count(s)");
    out_.append("{").append(rest_.substr(0, end + 1));
    rest_.remove_prefix(end + 1);
    if (second) return Laziness();
    if (rest_.starts_with("?")) rest_.remove_prefix(1);  // So many, greedy or not.
    return Status::Ok();
  }
  Status Group() {
    if (!rest_.starts_with("?")) {
      ++group_count_;
      preference_.Open();
      out_.push_back('(');
      return Status::Ok();
    }
    if (rest_.starts_with("?:")) {
      preference_.Open();
      out_.append("(?:");
      rest_.remove_prefix(2);
      return Status::Ok();
    }
    if (rest_.starts_with("?=") || rest_.starts_with("?!") || rest_.starts_with("?<")) {
      must_go_back_ = true;
      const size_t size = rest_[1] == '<' ? 3 : 2;
      if (size == 3 && (rest_.size() < 3 || (rest_[2] != '=' && rest_[2] != '!'))) {
        return Invalid("quantifier operand invalid");
      }
      preference_.Open();
      out_.append("(").append(rest_.substr(0, size));
      rest_.remove_prefix(size);
      return Status::Ok();
    }
    if (rest_.starts_with("?#")) {
      const size_t end = rest_.find(')');
      if (end == std::string_view::npos) return Invalid("parentheses () not balanced");
      rest_.remove_prefix(end + 1);
      return Status::Ok();
    }
    return Invalid("quantifier operand invalid");
  }

  void Literal(uint32_t code) { fmt::format_to(std::back_inserter(out_), "\\x{{{:x}}}", code); }
  Status HexEscape(size_t digits_min, size_t digits_max) {
    uint32_t code = 0;
    size_t count = 0;
    while (count < digits_max && !rest_.empty() &&
           std::isxdigit(static_cast<unsigned char>(rest_[0]))) {
      const char c = Take();
      code = code * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      ++count;
    }
    if (count < digits_min || code > 0x10ffff) return Invalid("invalid escape \\ sequence");
    Literal(code);
    return Status::Ok();
  }

  // A place in the text, as RE2 and PCRE write it; null if the letter stands for none.
  static const char* ConstraintEscape(char c) {
    switch (c) {
      case 'A':
        return "\\A";
      case 'Z':
        return "\\z";
      case 'y':
      case 'm':
      case 'M':
        return "\\b";
      case 'Y':
        return "\\B";
      default:
        return nullptr;
    }
  }

  Status BackReference(char digit) {
    if (digit - '0' > group_count_) return Invalid("invalid backreference number");
    must_go_back_ = true;
    out_.append("(?:\\").push_back(digit);  // What follows may be a digit.
    out_.push_back(')');
    return Status::Ok();
  }

  // After a backslash.
  Status Escape(bool in_bracket) {
    if (rest_.empty()) return Invalid("invalid escape \\ sequence");
    const char c = Take();
    const std::string_view open = in_bracket ? "" : "[";
    const std::string_view close = in_bracket ? "" : "]";
    switch (c) {
      case 'd':
        out_.append(open).append("0-9").append(close);
        return Status::Ok();
      case 's':
        out_.append(open).append("\\s\\v").append(close);
        return Status::Ok();
      case 'w':
        out_.append(open).append("\\p{L}\\p{N}_").append(close);
        return Status::Ok();
      case 'D':
      case 'S':
      case 'W':
        if (in_bracket) return Invalid("invalid escape \\ sequence");
        out_.append(c == 'D' ? "[^0-9]" : (c == 'S' ? "[^\\s\\v]" : "[^\\p{L}\\p{N}_]"));
        return Status::Ok();
      case 'a':
        Literal(7);
        return Status::Ok();
      case 'b':
        Literal(8);
        return Status::Ok();
      case 'B':
        out_.append("\\\\");
        return Status::Ok();
      case 'e':
        Literal(27);
        return Status::Ok();
      case 'f':
      case 'n':
      case 'r':
      case 't':
      case 'v':
        out_.append("\\").push_back(c);
        return Status::Ok();
      case 'c':
        if (rest_.empty()) return Invalid("invalid escape \\ sequence");
        Literal(static_cast<uint32_t>(Take()) & 31);
        return Status::Ok();
      case 'x':
        return HexEscape(1, 255);
      case 'u':
        return HexEscape(4, 4);
      case 'U':
        return HexEscape(8, 8);
      case '0':
        Literal(0);
        return Status::Ok();
      default:
        break;
    }
    if (!in_bracket) {
      if (const char* constraint = ConstraintEscape(c); constraint != nullptr) {
        out_.append(constraint);
        return Status::Ok();
      }
      if (c >= '1' && c <= '9') return BackReference(c);
    }
    if (std::isalnum(static_cast<unsigned char>(c))) return Invalid("invalid escape \\ sequence");
    if (c >= 0) out_.push_back('\\');
    out_.push_back(c);
    return Status::Ok();
  }

  Status CharacterClass() {
    const size_t end = rest_.find(":]");
    if (end == std::string_view::npos) return Invalid("brackets [] not balanced");
    const std::string_view name = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 2);
    static constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
        {"alpha", "\\p{L}"},
        {"alnum", "\\p{L}\\p{N}"},
        {"lower", "\\p{Ll}"},
        {"upper", "\\p{Lu}"},
        {"digit", "0-9"},
        {"xdigit", "[:xdigit:]"},
        {"space", "\\s\\v"},
        {"punct", "[:punct:]"},
        {"blank", "[:blank:]"},
        {"cntrl", "[:cntrl:]"},
        {"graph", "[:graph:]\\p{L}\\p{N}"},
        {"print", "[:print:]\\p{L}\\p{N}"},
        {"word", "\\p{L}\\p{N}_"},
        {"ascii", "[:ascii:]"},
    };
    for (const auto& [known, translated] : kClasses) {
      if (known != name) continue;
      out_.append(translated);
      return Status::Ok();
    }
    return Invalid("invalid character class");
  }

  Status Bracket() {
    if (rest_.starts_with("[:<:]]") || rest_.starts_with("[:>:]]")) {
      rest_.remove_prefix(6);
      out_.append("\\b");
      return Status::Ok();
    }
    out_.push_back('[');
    if (rest_.starts_with("^")) {
      out_.push_back(Take());
      if (flags_->dot_excludes_newline) out_.append("\\n");
    }
    bool first = true;
    for (;; first = false) {
      if (rest_.empty()) return Invalid("brackets [] not balanced");
      const char c = Take();
      if (c == ']' && !first) break;
      if (c == '[' && !rest_.empty() && rest_[0] == ':') {
        HELIOS_TRY(CharacterClass());
      } else if (c == '[' && !rest_.empty() && (rest_[0] == '.' || rest_[0] == '=')) {
        const std::string close = {rest_[0], ']'};
        const size_t end = rest_.find(close, 1);
        if (end == std::string_view::npos) return Invalid("brackets [] not balanced");
        const std::string_view element = rest_.substr(1, end - 1);
        if (element.size() != 1) return Invalid("invalid collating element");
        out_.append("\\").append(element);
        rest_.remove_prefix(end + 2);
      } else if (c == '\\') {
        HELIOS_TRY(Escape(true));
      } else if (c == '[' || c == ']') {
        out_.append("\\").push_back(c);
      } else {
        out_.push_back(c);
      }
    }
    out_.push_back(']');
    return Status::Ok();
  }

  std::string_view rest_;
  bool goes_back_;
  RegexFlags* flags_;
  std::string out_;
  Quantifiers quantifiers_;
  RegexPreference preference_;
  bool must_go_back_ = false;
  int group_count_ = 0;
};

std::string_view Explain(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorMissingParen:
    case RE2::ErrorUnexpectedParen:
      return "parentheses () not balanced";
    case RE2::ErrorMissingBracket:
      return "brackets [] not balanced";
    case RE2::ErrorRepeatArgument:
    case RE2::ErrorRepeatOp:
      return "quantifier operand invalid";
    case RE2::ErrorRepeatSize:
      return "invalid repetition count(s)";
    case RE2::ErrorBadEscape:
    case RE2::ErrorTrailingBackslash:
      return "invalid escape \\ sequence";
    case RE2::ErrorBadCharRange:
      return "invalid character range";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorPatternTooLarge:
      return "regular expression is too complex";
    default:
      return "invalid regexp (reg version 0.8)";
  }
}

}  // namespace

// One of the two engines.
struct Regex::Impl {
  Impl(const std::string& pattern, const RE2::Options& options)
      : re(std::make_unique<RE2>(pattern, options)) {}
  explicit Impl(std::unique_ptr<BacktrackRegex> going_back) : backtrack(std::move(going_back)) {}
  std::unique_ptr<RE2> re;
  std::unique_ptr<RE2> whole;  // Finds where the match ends, where `re` alone would not.
  std::unique_ptr<RegexDissector> dissector;  // Where the groups of `re` are not PostgreSQL's.
  std::unique_ptr<BacktrackRegex> backtrack;
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::~Regex() = default;

Result<RegexFlags> ParseRegexFlags(std::string_view options) {
  RegexFlags flags;
  for (size_t i = 0; i < options.size(); ++i) {
    switch (options[i]) {
      case 'g':
        flags.global = true;
        break;
      case 'i':
        flags.ignore_case = true;
        break;
      case 'c':
        flags.ignore_case = false;
        break;
      case 'x':
        flags.expanded = true;
        break;
      case 't':
        flags.expanded = false;
        break;
      case 'q':
        flags.literal = true;
        break;
      case 'm':
      case 'n':
        flags.dot_excludes_newline = flags.anchors_match_lines = true;
        break;
      case 's':
        flags.dot_excludes_newline = flags.anchors_match_lines = false;
        break;
      case 'p':
        flags.dot_excludes_newline = true;
        flags.anchors_match_lines = false;
        break;
      case 'w':
        flags.dot_excludes_newline = false;
        flags.anchors_match_lines = true;
        break;
      case 'b':
      case 'e':
        break;
      default:
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("invalid regular expression option: \"{}\"",
                     options.substr(i, Utf8CharBytes(static_cast<unsigned char>(options[i]))));
    }
  }
  return flags;
}

Result<std::unique_ptr<Regex>> Regex::Compile(std::string_view pattern, RegexFlags flags) {
  const RegexFlags given = flags;
  Translator translator(pattern, false, &flags);
  HELIOS_TRY(std::string translated, translator.Run());
  if (translator.must_go_back()) {
    flags = given;
    HELIOS_TRY(translated, Translator(pattern, true, &flags).Run());
    auto backtrack = BacktrackRegex::Compile(translated, flags);
    if (backtrack == nullptr) return Invalid("invalid regexp (reg version 0.8)");
    return std::unique_ptr<Regex>(new Regex(std::make_unique<Impl>(std::move(backtrack))));
  }
  std::unique_ptr<RegexDissector> dissector = RegexDissector::Compile(translated, flags);
  if (flags.anchors_match_lines) translated = "(?m:" + translated + ")";
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!flags.ignore_case);
  options.set_dot_nl(!flags.dot_excludes_newline);
  options.set_longest_match(!translator.preference().has_lazy());
  options.set_max_mem(64 << 20);
  auto impl = std::make_unique<Impl>(translated, options);
  if (!impl->re->ok()) return Invalid(Explain(impl->re->error_code()));
  impl->dissector = std::move(dissector);
  const bool shortest = translator.preference().Whole() == RegexPreference::Kind::kShortest;
  const bool lazy_alone = shortest && !translator.preference().is_mixed();
  if (translator.preference().has_lazy() && !lazy_alone) {
    flags = given;
    HELIOS_TRY(std::string whole,
               Translator(pattern, false, &flags,
                          shortest ? Quantifiers::kAllLazy : Quantifiers::kAllGreedy)
                   .Run());
    if (flags.anchors_match_lines) whole = "(?m:" + whole + ")";
    options.set_longest_match(!shortest);
    impl->whole = std::make_unique<RE2>(whole, options);
    if (!impl->whole->ok()) return Invalid(Explain(impl->whole->error_code()));
  }
  return std::unique_ptr<Regex>(new Regex(std::move(impl)));
}

size_t Regex::group_count() const {
  if (impl_->backtrack != nullptr) return impl_->backtrack->group_count();
  return static_cast<size_t>(impl_->re->NumberOfCapturingGroups());
}

Result<bool> Regex::Match(std::string_view text, size_t from, std::vector<RegexSpan>* spans) const {
  if (impl_->backtrack != nullptr) return impl_->backtrack->Match(text, from, spans);
  std::vector<re2::StringPiece> groups(group_count() + 1);
  const re2::StringPiece input(text.data(), text.size());
  size_t end = text.size();
  RE2::Anchor anchor = RE2::UNANCHORED;
  if (impl_->whole != nullptr) {
    re2::StringPiece match;
    if (!impl_->whole->Match(input, from, end, anchor, &match, 1)) return false;
    from = static_cast<size_t>(match.data() - text.data());
    end = from + match.size();
    anchor = RE2::ANCHOR_BOTH;
  }
  if (!impl_->re->Match(input, from, end, anchor, groups.data(), static_cast<int>(groups.size()))) {
    return false;
  }
  spans->resize(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].data() == nullptr) {
      (*spans)[i] = RegexSpan();
    } else {
      const int64_t begin = groups[i].data() - text.data();
      (*spans)[i] = {begin, begin + static_cast<int64_t>(groups[i].size())};
    }
  }
  if (impl_->dissector != nullptr) impl_->dissector->Dissect(text, spans);
  return true;
}

Result<bool> Regex::Matches(std::string_view text) const {
  if (impl_->backtrack != nullptr) return impl_->backtrack->Match(text, 0, nullptr);
  return impl_->re->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(),
                          RE2::UNANCHORED, nullptr, 0);
}

Result<const Regex*> RegexCache::Get(std::string_view pattern, RegexFlags flags) {
  std::string key(pattern);
  key.push_back(static_cast<char>(flags.ignore_case | flags.expanded << 1 | flags.literal << 2 |
                                  flags.dot_excludes_newline << 3 |
                                  flags.anchors_match_lines << 4));
  if (last_ != nullptr && key == last_key_) return last_;
  auto found = patterns_.find(key);
  if (found == patterns_.end()) {
    HELIOS_TRY(std::unique_ptr<Regex> regex, Regex::Compile(pattern, flags));
    if (patterns_.size() >= kPatternsMax) patterns_.clear();
    found = patterns_.emplace(key, std::move(regex)).first;
  }
  last_key_ = std::move(key);
  last_ = found->second.get();
  return last_;
}

}  // namespace helios::expr
