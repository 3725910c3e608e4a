#include "types/internal/datetime_template.h"

#include <algorithm>

#include "types/text.h"

namespace helios {

namespace {

struct NamedKey {
  std::string_view name;
  DateKey key;
  int32_t digits = 0;
};

// In upper case; longer names before their beginnings. Lower case is the same name; Day, Dy, Month
// and Mon may be capitalised.
constexpr NamedKey kKeys[] = {
    {"A.D.", DateKey::kAdDots}, {"A.M.", DateKey::kAmDots},  {"AD", DateKey::kAd},
    {"AM", DateKey::kAm},       {"B.C.", DateKey::kAdDots},  {"BC", DateKey::kAd},
    {"CC", DateKey::kCc},       {"DAY", DateKey::kDay},      {"DDD", DateKey::kDdd},
    {"DD", DateKey::kDd},       {"DY", DateKey::kDy},        {"D", DateKey::kD},
    {"FF1", DateKey::kFf, 1},   {"FF2", DateKey::kFf, 2},    {"FF3", DateKey::kFf, 3},
    {"FF4", DateKey::kFf, 4},   {"FF5", DateKey::kFf, 5},    {"FF6", DateKey::kFf, 6},
    {"FX", DateKey::kFx},       {"HH24", DateKey::kHh24},    {"HH12", DateKey::kHh12},
    {"HH", DateKey::kHh12},     {"IDDD", DateKey::kIddd},    {"ID", DateKey::kId},
    {"IW", DateKey::kIw},       {"IYYY", DateKey::kIyyy},    {"IYY", DateKey::kIyy},
    {"IY", DateKey::kIy},       {"I", DateKey::kI},          {"J", DateKey::kJ},
    {"MI", DateKey::kMi},       {"MM", DateKey::kMm},        {"MONTH", DateKey::kMonth},
    {"MON", DateKey::kMon},     {"MS", DateKey::kMs},        {"OF", DateKey::kOf},
    {"P.M.", DateKey::kAmDots}, {"PM", DateKey::kAm},        {"Q", DateKey::kQ},
    {"RM", DateKey::kRm},       {"SSSSS", DateKey::kSssss},  {"SSSS", DateKey::kSssss},
    {"SS", DateKey::kSs},       {"TZH", DateKey::kTzh},      {"TZM", DateKey::kTzm},
    {"TZ", DateKey::kTz},       {"US", DateKey::kUs},        {"WW", DateKey::kWw},
    {"W", DateKey::kW},         {"Y,YYY", DateKey::kYComma}, {"YYYY", DateKey::kYyyy},
    {"YYY", DateKey::kYyy},     {"YY", DateKey::kYy},        {"Y", DateKey::kY},
};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// How `text` spells `name`; false when it does not.
bool Matches(std::string_view text, const NamedKey& key, LetterCase* letters) {
  if (text.size() < key.name.size()) return false;
  bool upper = true;
  bool lower = true;
  bool title = key.key == DateKey::kDay || key.key == DateKey::kDy || key.key == DateKey::kMonth ||
               key.key == DateKey::kMon;
  for (size_t i = 0; i < key.name.size(); ++i) {
    const char wanted = key.name[i];
    const char as_lower = IsLetter(wanted) ? static_cast<char>(wanted | 0x20) : wanted;
    upper &= text[i] == wanted;
    lower &= text[i] == as_lower;
    title &= text[i] == (i == 0 ? wanted : as_lower);
  }
  *letters = upper ? LetterCase::kUpper : title ? LetterCase::kTitle : LetterCase::kLower;
  return upper || lower || title;
}

}  // namespace

bool DateElement::is_digit() const {
  switch (key) {
    case DateKey::kLiteral:
    case DateKey::kSpace:
    case DateKey::kSeparator:
    case DateKey::kAd:
    case DateKey::kAdDots:
    case DateKey::kAm:
    case DateKey::kAmDots:
    case DateKey::kDay:
    case DateKey::kDy:
    case DateKey::kMonth:
    case DateKey::kMon:
    case DateKey::kRm:
    case DateKey::kTz:
    case DateKey::kTzh:
    case DateKey::kOf:
    case DateKey::kFx:
      return false;
    default:
      return true;
  }
}

std::vector<DateElement> ParseDateTemplate(std::string_view format) {
  std::vector<DateElement> out;
  const auto literal = [&out](std::string_view text) {
    DateElement element;
    const char c = text[0];
    const bool separator = c > 0x20 && c < 0x7f && !IsLetter(c) && !(c >= '0' && c <= '9');
    element.key = text.size() == 1 && IsSpace(c)  ? DateKey::kSpace
                  : text.size() == 1 && separator ? DateKey::kSeparator
                                                  : DateKey::kLiteral;
    element.text = text;
    out.push_back(std::move(element));
  };
  while (!format.empty()) {
    DateElement element;
    std::string_view rest = format;
    // FM and TM before a pattern; TM changes nothing in our one locale.
    while (rest.starts_with("FM") || rest.starts_with("fm") || rest.starts_with("TM") ||
           rest.starts_with("tm")) {
      element.fill = true;
      rest.remove_prefix(2);
    }
    const NamedKey* found = nullptr;
    for (const NamedKey& key : kKeys) {
      if (Matches(rest, key, &element.letters)) {
        found = &key;
        break;
      }
    }
    if (found != nullptr) {
      element.key = found->key;
      element.digits = found->digits;
      element.text = rest.substr(0, found->name.size());
      rest.remove_prefix(found->name.size());
      if (rest.starts_with("TH") || rest.starts_with("th")) {
        element.ordinal = true;
        element.ordinal_upper = rest[0] == 'T';
        rest.remove_prefix(2);
      } else if (rest.starts_with("SP") || rest.starts_with("sp")) {
        rest.remove_prefix(2);
      }
      out.push_back(std::move(element));
      format = rest;
      continue;
    }
    if (rest.size() != format.size()) {
      // A lone FM changes nothing.
      format = rest;
      continue;
    }
    if (format[0] == '"') {
      format.remove_prefix(1);
      while (!format.empty() && format[0] != '"') {
        if (format[0] == '\\' && format.size() > 1) format.remove_prefix(1);
        DateElement quoted;
        const size_t length =
            std::min(format.size(), Utf8CharBytes(static_cast<unsigned char>(format[0])));
        quoted.text = format.substr(0, length);
        out.push_back(std::move(quoted));
        format.remove_prefix(length);
      }
      if (!format.empty()) format.remove_prefix(1);
      continue;
    }
    if (format[0] == '\\' && format.size() > 1 && format[1] == '"') format.remove_prefix(1);
    const size_t length =
        std::min(format.size(), Utf8CharBytes(static_cast<unsigned char>(format[0])));
    literal(format.substr(0, length));
    format.remove_prefix(length);
  }
  return out;
}

}  // namespace helios
