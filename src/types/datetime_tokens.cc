#include "types/internal/datetime_tokens.h"

#include <algorithm>
#include <cctype>

#include "types/text.h"

namespace helios {

namespace {

using Kind = DateTimeToken::Kind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDateSeparator(char c) { return c == '-' || c == '/' || c == '.'; }

// Reads tokens from front to back.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  bool Split(std::vector<DateTimeToken>* out) {
    while (true) {
      while (!done() && IsSpace(text_[at_])) ++at_;
      if (done()) return true;
      if (out->size() == kTokensMax) return false;
      begin_ = at_;
      const char c = text_[at_];
      if (IsDigit(c)) {
        Add(Number(), out);
      } else if (c == '.') {
        ++at_;
        TakeDigits();
        Add(Kind::kNumber, out);
      } else if (IsLetter(c)) {
        Add(Word(), out);
      } else if (c == '+' || c == '-') {
        if (!Signed(out)) return false;
      } else if (std::ispunct(static_cast<unsigned char>(c)) != 0) {
        ++at_;
      } else {
        return false;
      }
    }
  }

 private:
  static constexpr size_t kTokensMax = 25;

  bool done() const { return at_ >= text_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void TakeDigits() {
    while (IsDigit(Peek())) ++at_;
  }
  void Add(Kind kind, std::vector<DateTimeToken>* out) {
    std::string lower(text_.substr(begin_, at_ - begin_));
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out->push_back({kind, std::move(lower)});
  }

  Kind Number() {
    TakeDigits();
    if (Peek() == ':') {
      while (IsDigit(Peek()) || Peek() == ':' || Peek() == '.') ++at_;
      return Kind::kTime;
    }
    if (!IsDateSeparator(Peek())) return Kind::kNumber;
    const char separator = text_[at_++];
    if (IsDigit(Peek())) {
      TakeDigits();
      // "1.5" stays a number; a second separator makes a date.
      const bool second = Peek() == separator;
      if (second) {
        while (IsDigit(Peek()) || Peek() == separator) ++at_;
        return Kind::kDate;
      }
      return separator == '.' ? Kind::kNumber : Kind::kDate;
    }
    if (!IsLetter(Peek())) return separator == '.' ? Kind::kNumber : Kind::kDate;
    // "12-jan-2020"
    while (IsLetter(Peek()) || IsDigit(Peek()) || Peek() == separator) ++at_;
    return Kind::kDate;
  }

  Kind Word() {
    while (IsLetter(Peek())) ++at_;
    // A month's name with a date behind it, a time zone's name, or a POSIX zone.
    const bool joined = IsDateSeparator(Peek()) || Peek() == '_' ||
                        ((Peek() == '+' || IsDigit(Peek())) && at_ - begin_ >= 3);
    if (!joined) return Kind::kWord;
    const bool is_posix = Peek() == '+' || IsDigit(Peek());
    if (is_posix && !LooksLikeZone()) return Kind::kWord;
    while (IsLetter(Peek()) || IsDigit(Peek()) || IsDateSeparator(Peek()) || Peek() == '_' ||
           Peek() == '+' || (is_posix && (Peek() == ':' || Peek() == ','))) {
      ++at_;
    }
    return Kind::kDate;
  }

  // "jan5" is a month and a number; "est5edt" and "utc+3" are zones.
  bool LooksLikeZone() const {
    const std::string_view word = text_.substr(begin_, at_ - begin_);
    std::string lower(word);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return FindDateTimeWord(lower).kind == DateTimeWord::Kind::kUnknown;
  }

  bool Signed(std::vector<DateTimeToken>* out) {
    const char sign = text_[at_++];
    while (!done() && IsSpace(text_[at_])) ++at_;
    std::string token(1, sign);
    begin_ = at_;
    if (IsDigit(Peek()) || Peek() == '.') {
      while (IsDigit(Peek()) || Peek() == ':' || Peek() == '.' || Peek() == '-') ++at_;
      Add(Kind::kSigned, out);
    } else if (IsLetter(Peek())) {
      while (IsLetter(Peek())) ++at_;
      Add(Kind::kSignedWord, out);
    } else {
      return false;
    }
    out->back().text.insert(0, 1, sign);
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;
};

struct NamedWord {
  std::string_view name;
  DateTimeWord word;
};
using WordKind = DateTimeWord::Kind;

constexpr NamedWord kWords[] = {
    {"ad", {WordKind::kAd, 0}},
    {"allballs", {WordKind::kAllBalls, 0}},
    {"am", {WordKind::kAm, 0}},
    {"apr", {WordKind::kMonth, 4}},
    {"april", {WordKind::kMonth, 4}},
    {"at", {WordKind::kIgnored, 0}},
    {"aug", {WordKind::kMonth, 8}},
    {"august", {WordKind::kMonth, 8}},
    {"bc", {WordKind::kBc, 0}},
    {"dec", {WordKind::kMonth, 12}},
    {"december", {WordKind::kMonth, 12}},
    {"dst", {WordKind::kDst, 0}},
    {"epoch", {WordKind::kEpoch, 0}},
    {"feb", {WordKind::kMonth, 2}},
    {"february", {WordKind::kMonth, 2}},
    {"fri", {WordKind::kWeekday, 5}},
    {"friday", {WordKind::kWeekday, 5}},
    {"infinity", {WordKind::kInfinity, 0}},
    {"j", {WordKind::kJulian, 0}},
    {"jan", {WordKind::kMonth, 1}},
    {"january", {WordKind::kMonth, 1}},
    {"jd", {WordKind::kJulian, 0}},
    {"jul", {WordKind::kMonth, 7}},
    {"julian", {WordKind::kJulian, 0}},
    {"july", {WordKind::kMonth, 7}},
    {"jun", {WordKind::kMonth, 6}},
    {"june", {WordKind::kMonth, 6}},
    {"mar", {WordKind::kMonth, 3}},
    {"march", {WordKind::kMonth, 3}},
    {"may", {WordKind::kMonth, 5}},
    {"mon", {WordKind::kWeekday, 1}},
    {"monday", {WordKind::kWeekday, 1}},
    {"nov", {WordKind::kMonth, 11}},
    {"november", {WordKind::kMonth, 11}},
    {"now", {WordKind::kNow, 0}},
    {"oct", {WordKind::kMonth, 10}},
    {"october", {WordKind::kMonth, 10}},
    {"on", {WordKind::kIgnored, 0}},
    {"pm", {WordKind::kPm, 0}},
    {"sat", {WordKind::kWeekday, 6}},
    {"saturday", {WordKind::kWeekday, 6}},
    {"sep", {WordKind::kMonth, 9}},
    {"sept", {WordKind::kMonth, 9}},
    {"september", {WordKind::kMonth, 9}},
    {"sun", {WordKind::kWeekday, 0}},
    {"sunday", {WordKind::kWeekday, 0}},
    {"t", {WordKind::kTimePrefix, 0}},
    {"thu", {WordKind::kWeekday, 4}},
    {"thur", {WordKind::kWeekday, 4}},
    {"thurs", {WordKind::kWeekday, 4}},
    {"thursday", {WordKind::kWeekday, 4}},
    {"today", {WordKind::kToday, 0}},
    {"tomorrow", {WordKind::kTomorrow, 0}},
    {"tue", {WordKind::kWeekday, 2}},
    {"tues", {WordKind::kWeekday, 2}},
    {"tuesday", {WordKind::kWeekday, 2}},
    {"wed", {WordKind::kWeekday, 3}},
    {"wednesday", {WordKind::kWeekday, 3}},
    {"weds", {WordKind::kWeekday, 3}},
    {"yesterday", {WordKind::kYesterday, 0}},
};

}  // namespace

bool SplitDateTime(std::string_view text, std::vector<DateTimeToken>* out) {
  // PostgreSQL's MAXDATELEN, generously.
  constexpr size_t kTextBytesMax = 512;
  return text.size() <= kTextBytesMax && Splitter(text).Split(out);
}

DateTimeWord FindDateTimeWord(std::string_view lower) {
  const NamedWord* const end = std::end(kWords);
  const NamedWord* found =
      std::lower_bound(std::begin(kWords), end, lower,
                       [](const NamedWord& one, std::string_view name) { return one.name < name; });
  return found != end && found->name == lower ? found->word : DateTimeWord{};
}

}  // namespace helios
