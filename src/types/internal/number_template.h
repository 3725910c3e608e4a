// The templates of to_char and to_number for numbers, taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/text.h"

namespace helios::number_format {

enum class Key : uint8_t {
  kLiteral,
  kNine,
  kZero,
  kPoint,
  kComma,
  kPr,
  kS,
  kMi,
  kPl,
  kSg,
  kL,
  kRoman,
  kRomanLower,
  kTh,
  kThLower,
  kV,
  kE,
  kFm,
  kB,
  kC,
};

struct Element {
  Key key;
  std::string text;  // Of a literal.
};

enum class SignPlace : uint8_t { kNone, kBefore, kAfter };

struct Template {
  std::vector<Element> elements;
  int32_t before = 0;
  int32_t after = 0;
  int32_t multiplier = 0;
  int32_t before_sign = 0;
  int32_t zero_start = 0;  // Position of the first '0', from 1; 0: none.
  int32_t zero_end = 0;
  bool decimal = false, bracket = false, fill = false, plus = false, minus = false, roman = false;
  bool has_multiplier = false, exponent = false, blank = false, sign_here = false;
  SignPlace sign = SignPlace::kNone;
};

struct NamedKey {
  std::string_view name;
  Key key;
};
// Longer names first among those with one beginning.
inline constexpr NamedKey kKeys[] = {
    {",", Key::kComma},    {".", Key::kPoint},       {"0", Key::kZero},  {"9", Key::kNine},
    {"B", Key::kB},        {"b", Key::kB},           {"C", Key::kC},     {"c", Key::kC},
    {"D", Key::kPoint},    {"d", Key::kPoint},       {"EEEE", Key::kE},  {"eeee", Key::kE},
    {"FM", Key::kFm},      {"fm", Key::kFm},         {"G", Key::kComma}, {"g", Key::kComma},
    {"L", Key::kL},        {"l", Key::kL},           {"MI", Key::kMi},   {"mi", Key::kMi},
    {"PL", Key::kPl},      {"pl", Key::kPl},         {"PR", Key::kPr},   {"pr", Key::kPr},
    {"RN", Key::kRoman},   {"rn", Key::kRomanLower}, {"SG", Key::kSg},   {"sg", Key::kSg},
    {"SP", Key::kLiteral}, {"sp", Key::kLiteral},    {"S", Key::kS},     {"s", Key::kS},
    {"TH", Key::kTh},      {"th", Key::kThLower},    {"V", Key::kV},     {"v", Key::kV},
};

inline Status Syntax(std::string_view message) {
  return Error(ErrorCode::kSyntaxError).Message("{}", message);
}

class TemplateParser {
 public:
  Result<Template> Parse(std::string_view format) {
    while (!format.empty()) {
      if (format[0] == '"') {
        TakeQuoted(&format);
        continue;
      }
      if (format[0] == '\\' && format.size() > 1 && format[1] == '"') format.remove_prefix(1);
      const NamedKey* found = nullptr;
      for (const NamedKey& key : kKeys) {
        if (format.starts_with(key.name) && key.key != Key::kLiteral) {
          found = &key;
          break;
        }
      }
      if (found == nullptr) {
        const size_t length =
            std::min(format.size(), Utf8CharBytes(static_cast<unsigned char>(format[0])));
        out_.elements.push_back({Key::kLiteral, std::string(format.substr(0, length))});
        format.remove_prefix(length);
        continue;
      }
      HELIOS_TRY(Describe(found->key));
      out_.elements.push_back({found->key, ""});
      format.remove_prefix(found->name.size());
    }
    return std::move(out_);
  }

 private:
  void TakeQuoted(std::string_view* format) {
    format->remove_prefix(1);
    std::string text;
    while (!format->empty() && (*format)[0] != '"') {
      if ((*format)[0] == '\\' && format->size() > 1) format->remove_prefix(1);
      text.push_back((*format)[0]);
      format->remove_prefix(1);
    }
    if (!format->empty()) format->remove_prefix(1);
    out_.elements.push_back({Key::kLiteral, std::move(text)});
  }

  Status Describe(Key key) {  // NOLINT(readability-function-size): one case a key.
    if (out_.exponent && key != Key::kE) return Syntax("\"EEEE\" must be the last pattern used");
    switch (key) {
      case Key::kNine:
        if (out_.bracket) return Syntax("\"9\" must be ahead of \"PR\"");
        if (out_.has_multiplier) {
          ++out_.multiplier;
        } else if (out_.decimal) {
          ++out_.after;
        } else {
          ++out_.before;
        }
        break;
      case Key::kZero:
        if (out_.bracket) return Syntax("\"0\" must be ahead of \"PR\"");
        if (out_.zero_start == 0 && !out_.decimal) out_.zero_start = out_.before + 1;
        if (out_.decimal) {
          ++out_.after;
        } else {
          ++out_.before;
        }
        out_.zero_end = out_.before + out_.after;
        break;
      case Key::kPoint:
        if (out_.decimal) return Syntax("multiple decimal points");
        if (out_.has_multiplier) return Syntax("cannot use \"V\" and decimal point together");
        out_.decimal = true;
        break;
      case Key::kFm:
        out_.fill = true;
        break;
      case Key::kB:
        out_.blank = true;
        break;
      case Key::kS:
        if (out_.sign != SignPlace::kNone) return Syntax("cannot use \"S\" twice");
        if (out_.plus || out_.minus || out_.bracket) {
          return Syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
        }
        out_.sign = out_.decimal ? SignPlace::kAfter : SignPlace::kBefore;
        out_.before_sign = out_.before;
        break;
      case Key::kMi:
        if (out_.sign != SignPlace::kNone) return Syntax("cannot use \"S\" and \"MI\" together");
        out_.minus = true;
        break;
      case Key::kPl:
        if (out_.sign != SignPlace::kNone) return Syntax("cannot use \"S\" and \"PL\" together");
        out_.plus = true;
        break;
      case Key::kSg:
        if (out_.sign != SignPlace::kNone) return Syntax("cannot use \"S\" and \"SG\" together");
        out_.minus = out_.plus = true;
        break;
      case Key::kPr:
        if (out_.sign != SignPlace::kNone || out_.plus || out_.minus) {
          return Syntax("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        }
        out_.bracket = true;
        break;
      case Key::kRoman:
      case Key::kRomanLower:
        out_.roman = true;
        break;
      case Key::kV:
        if (out_.decimal) return Syntax("cannot use \"V\" and decimal point together");
        out_.has_multiplier = true;
        break;
      case Key::kE:
        return DescribeExponent();
      default:
        break;
    }
    return Status::Ok();
  }

  Status DescribeExponent() {
    if (out_.exponent) return Syntax("cannot use \"EEEE\" twice");
    if (out_.blank || out_.fill || out_.sign != SignPlace::kNone || out_.bracket || out_.minus ||
        out_.plus || out_.roman || out_.has_multiplier) {
      return Error(ErrorCode::kSyntaxError)
          .Message("\"EEEE\" is incompatible with other formats")
          .Detail("\"EEEE\" may only be used together with digit and decimal point patterns.");
    }
    out_.exponent = true;
    return Status::Ok();
  }

  Template out_;
};

}  // namespace helios::number_format
