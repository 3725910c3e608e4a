// to_char and to_number of numbers. The template is parsed into elements and a description (digits
// before and after the point, flags); the elements are then walked beside the digits of the number,
// as Oracle's rules, which PostgreSQL follows, want it.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "types/format.h"
#include "types/internal/number_template.h"
#include "types/text.h"

namespace helios {

namespace {

using number_format::Element;
using number_format::Key;
using number_format::SignPlace;
using number_format::Template;
using number_format::TemplateParser;

// English ordinal ending of a number's digits.
std::string_view OrdinalEnding(std::string_view digits, bool upper) {
  const char last = digits.empty() ? '0' : digits.back();
  const bool teen = digits.size() > 1 && digits[digits.size() - 2] == '1';
  if (!teen) {
    switch (last) {
      case '1':
        return upper ? "ST" : "st";
      case '2':
        return upper ? "ND" : "nd";
      case '3':
        return upper ? "RD" : "rd";
      default:
        break;
    }
  }
  return upper ? "TH" : "th";
}

std::string Roman(int64_t value) {
  if (value > 3999 || value < 1) return std::string(15, '#');
  static constexpr struct {
    int64_t value;
    std::string_view text;
  } kParts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                {5, "V"},    {4, "IV"},   {1, "I"}};
  std::string out;
  for (const auto& part : kParts) {
    for (; value >= part.value; value -= part.value) out.append(part.text);
  }
  return out;
}

// Walks the elements beside the digits.
class NumberWriter {
 public:
  // `number`: digits with a point when the template has decimals, no sign.
  NumberWriter(const Template& pattern, std::string number, char sign, int32_t leading_blanks)
      : pattern_(pattern), number_(std::move(number)), sign_(sign), blanks_(leading_blanks) {
    bracket_ = pattern.bracket;
    sign_place_ = pattern.sign;
    zero_start_ = pattern.zero_start > 0 ? pattern.zero_start - 1 : 0;
    has_zero_ = pattern.zero_start > 0;
    if (pattern.plus || pattern.minus) {
      // MI, PL and SG write the sign themselves.
      sign_written_ = !(pattern.plus && !pattern.minus);
    } else {
      if (sign_ != '-' && bracket_ && pattern.fill) bracket_ = false;
      sign_written_ = sign_ == '+' && pattern.fill && sign_place_ == SignPlace::kNone;
      if (sign_place_ == SignPlace::kBefore && pattern.before == pattern.before_sign) {
        sign_place_ = SignPlace::kAfter;
      }
    }
    digit_count_ = pattern.after + pattern.before - 1;
    if (pattern.fill && pattern.decimal) FindLastRelevant();
    if (!sign_written_ && blanks_ == 0) ++digit_count_;
  }

  std::string Write() {
    for (const Element& element : pattern_.elements) WriteElement(element);
    return std::move(out_);
  }

 private:
  // In fill mode zeros at the end of the decimals are not shown, but those that a '0' asks for.
  void FindLastRelevant() {
    const size_t point = number_.find('.');
    if (point == std::string::npos) return;
    size_t last = point;
    for (size_t i = point + 1; i < number_.size(); ++i) {
      if (number_[i] != '0') last = i;
    }
    if (pattern_.zero_end > blanks_) {
      const auto last_zero = static_cast<size_t>(pattern_.zero_end - blanks_);
      if (last < last_zero) last = std::min(last_zero, number_.size());
    }
    last_relevant_ = static_cast<int64_t>(last);
  }

  void WriteElement(const Element& element) {
    switch (element.key) {
      case Key::kNine:
      case Key::kZero:
      case Key::kPoint:
        WriteDigit(element.key);
        return;
      case Key::kComma:
        if (digits_begun_) {
          out_.push_back(',');
        } else if (!pattern_.fill) {
          out_.push_back(' ');
        }
        return;
      case Key::kL:
        out_.push_back(' ');
        return;
      case Key::kRoman:
      case Key::kRomanLower:
        WriteRoman(element.key == Key::kRomanLower);
        return;
      case Key::kTh:
      case Key::kThLower:
        if (pattern_.roman || number_[0] == '#' || sign_ == '-' || pattern_.decimal) return;
        out_.append(OrdinalEnding(number_, element.key == Key::kTh));
        return;
      case Key::kMi:
        if (sign_ == '-') {
          out_.push_back('-');
        } else if (!pattern_.fill) {
          out_.push_back(' ');
        }
        return;
      case Key::kPl:
        if (sign_ == '+') {
          out_.push_back('+');
        } else if (!pattern_.fill) {
          out_.push_back(' ');
        }
        return;
      case Key::kSg:
        out_.push_back(sign_);
        return;
      case Key::kLiteral:
        out_.append(element.text);
        return;
      default:
        return;
    }
  }

  void WriteRoman(bool lower) {
    const std::string digits = number_.substr(0, number_.find('.'));
    std::string text = Roman(digits.size() > 4 || sign_ == '-' || digits[0] == '#'
                                 ? 0
                                 : std::strtoll(digits.c_str(), nullptr, 10));
    if (lower) {
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    if (!pattern_.fill && text.size() < 15) out_.append(15 - text.size(), ' ');
    out_.append(text);
  }

  // '0' in front of the point of a template that asks for none there.
  bool IsUnwantedZero() const {
    return !has_zero_ && at_ == 0 && number_[0] == '0' && pattern_.after != 0;
  }
  bool LastRelevantIsPoint() const {
    return last_relevant_ >= 0 && last_relevant_ < static_cast<int64_t>(number_.size()) &&
           number_[static_cast<size_t>(last_relevant_)] == '.';
  }

  void WriteSignBefore() {
    const bool reached = current_ >= blanks_ || (has_zero_ && zero_start_ == current_);
    if (sign_written_ || !reached || (IsUnwantedZero() && !LastRelevantIsPoint())) return;
    if (sign_place_ != SignPlace::kNone) {
      if (sign_place_ == SignPlace::kBefore) {
        out_.push_back(sign_ == '-' ? '-' : '+');
        sign_written_ = true;
      }
    } else if (bracket_) {
      out_.push_back(sign_ == '+' ? ' ' : '<');
      sign_written_ = true;
    } else if (sign_ == '+') {
      if (!pattern_.fill) out_.push_back(' ');
      sign_written_ = true;
    } else {
      out_.push_back('-');
      sign_written_ = true;
    }
  }

  void WriteDigit(Key key) {
    WriteSignBefore();
    if (current_ < blanks_ && (zero_start_ > current_ || !has_zero_)) {
      if (!pattern_.fill) out_.push_back(' ');
    } else if (has_zero_ && current_ < blanks_ && zero_start_ <= current_) {
      out_.push_back('0');
      digits_begun_ = true;
    } else {
      WriteCharacter(key);
      if (at_ < number_.size()) ++at_;
    }
    WriteSignAfter();
    ++current_;
  }

  void WriteCharacter(Key key) {
    const char c = at_ < number_.size() ? number_[at_] : '\0';
    if (c == '.') {
      if (!LastRelevantIsPoint() || pattern_.fill) out_.push_back('.');
      return;
    }
    if (last_relevant_ >= 0 && static_cast<int64_t>(at_) > last_relevant_ && key != Key::kZero) {
      return;
    }
    if (IsUnwantedZero()) {
      if (!pattern_.fill) {
        out_.push_back(' ');
      } else if (LastRelevantIsPoint()) {
        out_.push_back('0');
      }
      return;
    }
    if (c == '\0') return;
    out_.push_back(c);
    digits_begun_ = true;
  }

  void WriteSignAfter() {
    int32_t end = digit_count_ + (blanks_ != 0 ? 1 : 0) + (pattern_.decimal ? 1 : 0);
    if (last_relevant_ >= 0 && last_relevant_ == static_cast<int64_t>(at_)) end = current_;
    if (current_ + 1 != end) return;
    if (sign_written_ && bracket_) {
      out_.push_back(sign_ == '+' ? ' ' : '>');
    } else if (sign_place_ == SignPlace::kAfter) {
      out_.push_back(sign_ == '-' ? '-' : '+');
    }
  }

  const Template& pattern_;
  const std::string number_;
  const char sign_;
  const int32_t blanks_;
  bool bracket_ = false;
  bool has_zero_ = false;
  SignPlace sign_place_ = SignPlace::kNone;
  int32_t zero_start_ = 0;
  int32_t digit_count_ = 0;
  int64_t last_relevant_ = -1;
  bool sign_written_ = false;
  bool digits_begun_ = false;
  int32_t current_ = 0;
  size_t at_ = 0;
  std::string out_;
};

// `text` is the rounded number: optional minus, digits, and pattern.after decimals.
std::string WriteNumber(const Template& pattern, std::string text) {
  char sign = '+';
  if (text[0] == '-') {
    sign = '-';
    text.erase(0, 1);
  }
  const auto before = static_cast<int32_t>(std::min(text.find('.'), text.size()));
  int32_t blanks = 0;
  if (before < pattern.before) {
    blanks = pattern.before - before;
  } else if (before > pattern.before && !pattern.roman) {
    text.assign(static_cast<size_t>(pattern.before + pattern.after) + 1, '#');
    text[static_cast<size_t>(pattern.before)] = '.';
  }
  if (text.empty()) text = "0";
  return NumberWriter(pattern, std::move(text), sign, blanks).Write();
}

std::string ScientificText(std::string text) {
  if (text[0] != '-') text.insert(0, " ");
  return text;
}

}  // namespace

Result<std::string> NumericToChar(const Numeric& value, std::string_view format) {
  HELIOS_TRY(const Template pattern, TemplateParser().Parse(format));
  if (pattern.exponent) {
    if (!value.is_finite()) {
      std::string text(static_cast<size_t>(pattern.before + pattern.after) + 6, '#');
      text[0] = ' ';
      text[static_cast<size_t>(pattern.before) + 1] = '.';
      return text;
    }
    return ScientificText(value.FormatScientific(pattern.after));
  }
  Numeric scaled = value;
  if (pattern.has_multiplier) {
    HELIOS_TRY(const Numeric factor,
               Numeric::Power(Numeric::FromInt64(10), Numeric::FromInt64(pattern.multiplier)));
    HELIOS_TRY(scaled, Numeric::Multiply(value, factor));
    Template widened = pattern;
    widened.before += pattern.multiplier;
    return WriteNumber(widened, scaled.Round(pattern.after).ToString());
  }
  return WriteNumber(pattern, scaled.Round(pattern.roman ? 0 : pattern.after).ToString());
}

Result<std::string> Int64ToChar(int64_t value, std::string_view format) {
  return NumericToChar(Numeric::FromInt64(value), format);
}

Result<std::string> DoubleToChar(double value, std::string_view format,
                                 int32_t significant_digits) {
  HELIOS_TRY(const Template pattern, TemplateParser().Parse(format));
  char buffer[512];
  if (pattern.exponent) {
    if (!std::isfinite(value)) return NumericToChar(Numeric::FromDouble(value), format);
    std::snprintf(buffer, sizeof(buffer), "%.*e", std::min(pattern.after, 300), value);
    return ScientificText(buffer);
  }
  Template widened = pattern;
  if (pattern.has_multiplier) {
    value *= std::pow(10.0, pattern.multiplier);
    widened.before += pattern.multiplier;
  }
  if (pattern.roman) value = std::rint(value);
  const std::string special = std::isfinite(value) ? "" : Numeric::FromDouble(value).ToString();
  const int integer_digits = special.empty()
                                 ? std::snprintf(buffer, sizeof(buffer), "%.0f", std::fabs(value))
                                 : static_cast<int>(special.size()) - (value < 0 ? 1 : 0);
  // No more digits than the type holds.
  const int32_t after = std::clamp(significant_digits - integer_digits, 0, pattern.after);
  widened.after = std::min(widened.after, after);
  if (!special.empty()) return WriteNumber(widened, special);
  std::snprintf(buffer, sizeof(buffer), "%.*f", after, value);
  return WriteNumber(widened, buffer);
}

namespace {

// Takes the digits and the sign out of a text, element by element of the template.
class NumberReader {
 public:
  NumberReader(std::string_view text, bool decimal) : text_(text), decimal_(decimal) {}

  bool negative() const { return negative_; }
  const std::string& digits() const { return digits_; }
  int32_t scale() const { return std::max(scale_, 0); }

  // Nothing is left to take from behind the end of the text.
  void Take(const Element& element) {
    if (at_ >= text_.size()) return;
    switch (element.key) {
      case Key::kNine:
      case Key::kZero:
        TakeDigit();
        break;
      case Key::kPoint:
        TakePoint();
        break;
      case Key::kComma:
        if (Peek() == ',') ++at_;
        break;
      case Key::kS:
      case Key::kMi:
      case Key::kPl:
      case Key::kSg:
      case Key::kPr:
        TakeSign();
        break;
      case Key::kLiteral:
        at_ += Utf8Length(element.text) > 0 ? element.text.size() : 0;
        break;
      case Key::kTh:
      case Key::kThLower:
        at_ += 2;
        break;
      case Key::kL:
        if (!IsDigit(Peek()) && Peek() != '-' && Peek() != '+') {
          at_ += Utf8CharBytes(static_cast<unsigned char>(Peek()));
        }
        break;
      default:
        break;
    }
  }

  // A sign may stand right behind what the template took.
  void Finish() {
    if (Peek() == '-') negative_ = true;
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void TakeDigit() {
    if (digits_.empty() && scale_ < 0) TakeSign();
    if (IsDigit(Peek())) {
      digits_.push_back(Peek());
      if (scale_ >= 0) ++scale_;
      ++at_;
    } else if (decimal_) {
      TakePoint();  // Fewer digits before the point than the template allows.
    }
  }

  void TakePoint() {
    if (Peek() != '.' || scale_ >= 0) return;
    scale_ = 0;
    ++at_;
  }

  void TakeSign() {
    while (Peek() == ' ') ++at_;
    if (Peek() == '-' || Peek() == '<') {
      negative_ = true;
      ++at_;
    } else if (Peek() == '+') {
      ++at_;
    }
  }

  std::string_view text_;
  bool decimal_;  // The template has a point.
  size_t at_ = 0;
  bool negative_ = false;
  std::string digits_;
  int32_t scale_ = -1;  // -1: before the point.
};

}  // namespace

Result<Numeric> ToNumber(std::string_view text, std::string_view format) {
  HELIOS_TRY(const Template pattern, TemplateParser().Parse(format));
  if (pattern.exponent)
    return Error(ErrorCode::kFeatureNotSupported).Message("\"EEEE\" not supported for input");
  if (pattern.roman)
    return Error(ErrorCode::kFeatureNotSupported).Message("\"RN\" not supported for input");
  NumberReader reader(text, pattern.decimal);
  for (const Element& element : pattern.elements) reader.Take(element);
  reader.Finish();
  if (reader.digits().empty()) {
    return Error(ErrorCode::kInvalidTextRepresentation)
        .Message("invalid input syntax for type numeric: \" \"");
  }
  Numeric value = Numeric::FromDigits(reader.negative(), reader.digits(), reader.scale());
  if (pattern.has_multiplier) {
    HELIOS_TRY(const Numeric factor,
               Numeric::Power(Numeric::FromInt64(10), Numeric::FromInt64(-pattern.multiplier)));
    HELIOS_TRY(value, Numeric::Multiply(value, factor));
  }
  return value;
}

}  // namespace helios
