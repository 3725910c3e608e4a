#include "types/text.h"

#include <algorithm>
#include <cstring>

namespace helios {

namespace {

// Length of the well-formed character at `at`, or 0. Overlong forms, surrogates and code points
// past U+10FFFF are malformed.
size_t WellFormed(const unsigned char* at, size_t left) {
  const auto tail = [at, left](size_t index) { return index < left && (at[index] & 0xc0) == 0x80; };
  const unsigned char first = at[0];
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xe0 && at[1] < 0xa0) return 0;
    if (first == 0xed && at[1] > 0x9f) return 0;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (first == 0xf0 && at[1] < 0x90) return 0;
    if (first == 0xf4 && at[1] > 0x8f) return 0;
    return 4;
  }
  return 0;
}

Status InvalidUtf8(const unsigned char* at, size_t left) {
  const size_t claimed = Utf8CharBytes(at[0]) == 4 && at[0] >= 0xf8 ? 1 : Utf8CharBytes(at[0]);
  const size_t shown = std::min(left, at[0] >= 0x80 && at[0] < 0xc0 ? size_t{1} : claimed);
  std::string bytes;
  for (size_t i = 0; i < shown; ++i) bytes += fmt::format("{}0x{:02x}", i == 0 ? "" : " ", at[i]);
  return Error(ErrorCode::kCharacterNotInRepertoire)
      .Message("invalid byte sequence for encoding \"UTF8\": {}", bytes);
}

Status TooLong(SqlType type) {
  return Error(ErrorCode::kStringTooLong)
      .Message("value too long for type {}({})",
               type.oid == type_oid::kBpchar ? "character" : "character varying", type.typmod - 4);
}

constexpr std::string_view kKeywords[] = {
#define HELIOS_KEYWORD(word) word,
#include "types/keywords.def"
#undef HELIOS_KEYWORD
};

}  // namespace

Status ValidateUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  while (at < end) {
    // Eight ASCII bytes at a time, none of them zero.
    if (end - at >= 8) {
      uint64_t word;
      std::memcpy(&word, at, 8);
      const uint64_t high = word & 0x8080808080808080ull;
      const uint64_t zero = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
      if ((high | zero) == 0) {
        at += 8;
        continue;
      }
    }
    const size_t length = *at == 0 ? 0 : WellFormed(at, static_cast<size_t>(end - at));
    if (length == 0) return InvalidUtf8(at, static_cast<size_t>(end - at));
    at += length;
  }
  return Status::Ok();
}

size_t Utf8Length(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

size_t Utf8Offset(std::string_view text, size_t index) {
  size_t at = 0;
  while (index > 0 && at < text.size()) {
    at += Utf8CharBytes(static_cast<unsigned char>(text[at]));
    --index;
  }
  return std::min(at, text.size());
}

std::string_view TruncateName(std::string_view name) {
  if (name.size() <= kNameBytesMax) return name;
  size_t end = kNameBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return name.substr(0, end);
}

std::string_view TrimTrailingBlanks(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && text[end - 1] == ' ') --end;
  return text.substr(0, end);
}

std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

Status ApplyTextTypmod(SqlType type, bool is_explicit, std::string_view* text,
                       std::string* scratch) {
  if (type.typmod < 4) return Status::Ok();
  if (type.oid != type_oid::kBpchar && type.oid != type_oid::kVarchar) return Status::Ok();
  const size_t length_max = static_cast<size_t>(type.typmod - 4);
  const bool pads = type.oid == type_oid::kBpchar;
  // No more bytes than characters allowed: it fits without counting.
  const size_t length = text->size() <= length_max && !pads ? text->size() : Utf8Length(*text);
  if (length > length_max) {
    const size_t cut = Utf8Offset(*text, length_max);
    if (!is_explicit && !TrimTrailingBlanks(text->substr(cut)).empty()) return TooLong(type);
    *text = text->substr(0, cut);
  } else if (pads && length < length_max) {
    scratch->assign(*text);
    scratch->append(length_max - length, ' ');
    *text = *scratch;
  }
  return Status::Ok();
}

std::string QuoteIdentifier(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool safe = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                    std::all_of(name.begin(), name.end(), plain) &&
                    !std::binary_search(std::begin(kKeywords), std::end(kKeywords), name);
  if (safe) return std::string(name);
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

}  // namespace helios
