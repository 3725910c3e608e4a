// Strings: length, case, parts, padding, searching and replacing. Positions count characters
// from 1.

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <charconv>

#include "expr/internal/families.h"
#include "types/text.h"

namespace helios::expr {
namespace {

// What a value may grow to, as PostgreSQL's MaxAllocSize.
constexpr size_t kTextBytesMax = 0x3fffffff;

Status TooLong() {
  return Error(ErrorCode::kProgramLimitExceeded).Message("requested length too large");
}
Status NegativeLength() {
  return Error(ErrorCode::kSubstringError).Message("negative substring length not allowed");
}

bool IsAscii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}
std::string_view NextChar(std::string_view text) {
  return text.substr(
      0, std::min<size_t>(text.size(), Utf8CharBytes(static_cast<unsigned char>(text[0]))));
}
UChar32 DecodeChar(std::string_view character) {
  UChar32 code = 0;
  int32_t position = 0;
  U8_NEXT(character.data(), position, static_cast<int32_t>(character.size()), code);
  return code < 0 ? 0xfffd : code;
}
void AppendChar(UChar32 code, std::string* out) {
  char bytes[U8_MAX_LENGTH];
  int32_t length = 0;
  UBool failed = false;
  U8_APPEND(bytes, length, U8_MAX_LENGTH, code, failed);
  if (!failed) out->append(bytes, static_cast<size_t>(length));
}

int32_t Length(std::string_view text) { return static_cast<int32_t>(Utf8Length(text)); }
int32_t BlankTrimmedLength(std::string_view text) { return Length(TrimTrailingBlanks(text)); }
int32_t ByteLength(std::string_view text) { return static_cast<int32_t>(text.size()); }
int32_t BitLength(std::string_view text) { return static_cast<int32_t>(text.size() * 8); }

template <UChar32 (*kMap)(UChar32), char kFirst, char kLast>
std::string MapCase(std::string_view text) {
  std::string out(text);
  if (IsAscii(text)) {
    for (char& c : out) {
      if (c >= kFirst && c <= kLast) c = static_cast<char>(c ^ 0x20);
    }
    return out;
  }
  out.clear();
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view character = NextChar(rest);
    rest.remove_prefix(character.size());
    AppendChar(kMap(DecodeChar(character)), &out);
  }
  return out;
}
std::string Upper(std::string_view text) { return MapCase<u_toupper, 'a', 'z'>(text); }
std::string Lower(std::string_view text) { return MapCase<u_tolower, 'A', 'Z'>(text); }
std::string InitCap(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view character = NextChar(rest);
    rest.remove_prefix(character.size());
    const UChar32 code = DecodeChar(character);
    AppendChar(in_word ? u_tolower(code) : u_toupper(code), &out);
    in_word = u_isalnum(code);
  }
  return out;
}

// Characters [from, end) of `text`, counted from 1; either bound may lie outside.
std::string_view Characters(std::string_view text, int64_t from, int64_t end) {
  if (from < 1) from = 1;
  if (end <= from) return {};
  const size_t start = Utf8Offset(text, static_cast<size_t>(from - 1));
  text.remove_prefix(start);
  return text.substr(0, Utf8Offset(text, static_cast<size_t>(end - from)));
}
Result<std::string_view> Substring(std::string_view text, int32_t from, int32_t length) {
  if (length < 0) return NegativeLength();
  return Characters(text, from, int64_t{from} + length);
}
std::string_view SubstringToEnd(std::string_view text, int32_t from) {
  return Characters(text, from, INT64_MAX);
}
Result<std::string> Overlay(std::string_view text, std::string_view with, int32_t from,
                            int32_t length) {
  if (from <= 0) return NegativeLength();
  int32_t resume;
  if (__builtin_add_overflow(from, length, &resume)) {
    return Error(ErrorCode::kNumericOutOfRange).Message("integer out of range");
  }
  std::string out(Characters(text, 1, from));
  out.append(with);
  out.append(Characters(text, resume, INT64_MAX));
  return out;
}
Result<std::string> OverlayWhole(std::string_view text, std::string_view with, int32_t from) {
  return Overlay(text, with, from, Length(with));
}
std::string_view Left(std::string_view text, int32_t count) {
  if (count < 0) return Characters(text, 1, Length(text) + int64_t{count} + 1);
  return Characters(text, 1, int64_t{count} + 1);
}
std::string_view Right(std::string_view text, int32_t count) {
  const int64_t skipped = count < 0 ? -int64_t{count} : Length(text) - int64_t{count};
  return Characters(text, skipped + 1, INT64_MAX);
}
int32_t Position(std::string_view text, std::string_view part) {
  if (part.empty()) return 1;
  const size_t found = text.find(part);
  if (found == std::string_view::npos) return 0;
  return Length(text.substr(0, found)) + 1;
}
bool StartsWith(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }

bool ContainsChar(std::string_view set, std::string_view character) {
  if (character.size() == 1) return set.find(character[0]) != std::string_view::npos;
  return set.find(character) != std::string_view::npos;
}
std::string_view TrimLeft(std::string_view text, std::string_view set) {
  while (!text.empty()) {
    const std::string_view first = NextChar(text);
    if (!ContainsChar(set, first)) break;
    text.remove_prefix(first.size());
  }
  return text;
}
std::string_view TrimRight(std::string_view text, std::string_view set) {
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) --start;
    if (!ContainsChar(set, text.substr(start))) break;
    text = text.substr(0, start);
  }
  return text;
}
std::string_view TrimBoth(std::string_view text, std::string_view set) {
  return TrimRight(TrimLeft(text, set), set);
}
std::string_view TrimLeftBlanks(std::string_view text) { return TrimLeft(text, " "); }
std::string_view TrimBothBlanks(std::string_view text) { return TrimBoth(text, " "); }

// `length` characters of `fill`, repeated.
Result<std::string> Filling(std::string_view fill, int64_t length) {
  std::string out;
  if (fill.empty()) return out;
  if (static_cast<size_t>(length) > kTextBytesMax / 4) return TooLong();
  std::string_view rest = fill;
  for (int64_t i = 0; i < length; ++i) {
    if (rest.empty()) rest = fill;
    const std::string_view character = NextChar(rest);
    out.append(character);
    rest.remove_prefix(character.size());
  }
  return out;
}
Result<std::string> PadLeft(std::string_view text, int32_t length, std::string_view fill) {
  const int64_t missing = std::max(length, 0) - int64_t{Length(text)};
  if (missing <= 0) return std::string(Left(text, std::max(length, 0)));
  HELIOS_TRY(std::string out, Filling(fill, missing));
  return out.append(text);
}
Result<std::string> PadRight(std::string_view text, int32_t length, std::string_view fill) {
  const int64_t missing = std::max(length, 0) - int64_t{Length(text)};
  if (missing <= 0) return std::string(Left(text, std::max(length, 0)));
  HELIOS_TRY(const std::string padding, Filling(fill, missing));
  return std::string(text).append(padding);
}
Result<std::string> PadLeftBlanks(std::string_view text, int32_t length) {
  return PadLeft(text, length, " ");
}
Result<std::string> PadRightBlanks(std::string_view text, int32_t length) {
  return PadRight(text, length, " ");
}
Result<std::string> Repeat(FunctionCall& call, std::string_view text, int32_t count) {
  std::string out;
  if (count <= 0 || text.empty()) return out;
  if (text.size() > kTextBytesMax / static_cast<size_t>(count)) return TooLong();
  const size_t bytes = text.size() * static_cast<size_t>(count);
  if (bytes > kLargeBytes) HELIOS_TRY(call.context.CheckMemory(bytes));
  out.reserve(bytes);
  for (int32_t i = 0; i < count; ++i) out.append(text);
  return out;
}
Result<std::string> Replace(FunctionCall& call, std::string_view text, std::string_view from,
                            std::string_view to) {
  std::string out;
  if (from.empty()) return std::string(text);
  size_t checked_bytes = kLargeBytes;
  for (;;) {
    if (out.size() > kTextBytesMax) return TooLong();
    if (out.size() > checked_bytes) {
      HELIOS_TRY(call.context.CheckMemory(out.size()));
      checked_bytes = out.size() + kLargeBytes;
    }
    const size_t found = text.find(from);
    if (found == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, found)).append(to);
    text.remove_prefix(found + from.size());
  }
}
Result<std::string_view> SplitPart(std::string_view text, std::string_view delimiter,
                                   int32_t field) {
  if (field == 0) {
    return Error(ErrorCode::kInvalidParameterValue).Message("field position must not be zero");
  }
  if (text.empty()) return text;
  if (delimiter.empty()) return field == 1 || field == -1 ? text : std::string_view();
  int64_t wanted = field;
  if (field < 0) {
    int64_t field_count = 1;
    for (size_t at = text.find(delimiter); at != std::string_view::npos;
         at = text.find(delimiter, at + delimiter.size())) {
      ++field_count;
    }
    wanted += field_count + 1;
    if (wanted <= 0) return std::string_view();
  }
  for (;;) {
    const size_t found = text.find(delimiter);
    if (--wanted == 0) return text.substr(0, found);
    if (found == std::string_view::npos) return std::string_view();
    text.remove_prefix(found + delimiter.size());
  }
}
std::string Translate(std::string_view text, std::string_view from, std::string_view to) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  for (std::string_view rest = from; !rest.empty();) {
    const std::string_view source = NextChar(rest);
    rest.remove_prefix(source.size());
    const std::string_view target = to.empty() ? to : NextChar(to);
    to.remove_prefix(target.size());
    bool known = false;
    for (const auto& [earlier, mapped] : pairs) known |= earlier == source;
    if (!known) pairs.emplace_back(source, target);
  }
  std::string out;
  while (!text.empty()) {
    std::string_view character = NextChar(text);
    text.remove_prefix(character.size());
    for (const auto& [source, target] : pairs) {
      if (source != character) continue;
      character = target;
      break;
    }
    out.append(character);
  }
  return out;
}
std::string Reverse(std::string_view text) {
  std::string out(text.size(), '\0');
  size_t end = text.size();
  while (!text.empty()) {
    const std::string_view character = NextChar(text);
    end -= character.size();
    out.replace(end, character.size(), character);
    text.remove_prefix(character.size());
  }
  return out;
}
std::string Concatenate(std::string_view a, std::string_view b) {
  std::string out;
  out.reserve(a.size() + b.size());
  return out.append(a).append(b);
}

int32_t CodePoint(std::string_view text) {
  return text.empty() ? 0 : static_cast<int32_t>(DecodeChar(NextChar(text)));
}
Result<std::string> CharOf(int32_t code) {
  if (code < 0) {
    return Error(ErrorCode::kInvalidParameterValue).Message("character number must be positive");
  }
  if (code == 0) {
    return Error(ErrorCode::kProgramLimitExceeded).Message("null character not permitted");
  }
  if (code > 0x10ffff) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("requested character too large for encoding: {}", code);
  }
  if (code >= 0xd800 && code <= 0xdfff) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("requested character not valid for encoding: {}", code);
  }
  std::string out;
  AppendChar(code, &out);
  return out;
}
// to_ascii(): each byte above 127 becomes what it looks like in a single-byte encoding, whatever
// the text's own encoding is; PostgreSQL does it so too.
Result<std::string> ToAscii(std::string_view text, std::string_view encoding) {
  struct Table {
    std::string_view name;
    unsigned char first;  // Bytes from 128 up to it become blanks.
    std::string_view letters;
  };
  static constexpr Table kTables[] = {
      {"latin1", 160,
       "  cL Y  \"Ca  -R     'u .,      ?AAAAAAACEEEEIIII "
       "NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooooo/ouuuuyty"},
      {"latin2", 160,
       " A L LS \"SSTZ-ZZ a,l'ls ,sstz\"zzRAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoooo/"
       "ruuuuyt."},
      {"latin9", 160,
       "  cL YS sCa  -R     Zu .z   EeY?AAAAAAACEEEEIIII "
       "NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooooo/ouuuuyty"},
      {"win1250", 128,
       "  ' \"    %S<STZZ `'\"\".--  s>stzz   L A  \"CS  -RZ  ,l'u .,as "
       "L\"lzRAAAALCCCEEEEIIDDNNOOOOx"
       "RUUUUYTBraaaalccceeeeiiddnnoooo/ruuuuyt "},
  };
  std::string name;
  for (const char c : encoding) {
    if (c != '-' && c != '_' && c != ' ')
      name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  if (name.starts_with("iso8859")) name = "latin" + name.substr(7);
  for (const Table& table : kTables) {
    if (table.name != name) continue;
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const size_t place = size_t{byte} - table.first;
      const bool known = byte >= table.first && place < table.letters.size();
      out += byte < 128 ? c : (known ? table.letters[place] : ' ');
    }
    return out;
  }
  if (name != "utf8" && name != "unicode" && name != "sqlascii") {
    return Error(ErrorCode::kUndefinedObject).Message("{} is not a valid encoding name", encoding);
  }
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("encoding conversion from {} to ASCII not supported",
               name == "sqlascii" ? "SQL_ASCII" : "UTF8");
}
Result<std::string> ToAsciiDefault(std::string_view text) { return ToAscii(text, "UTF8"); }

// unistr(): \\XXXX, \\+XXXXXX, \\uXXXX, \\UXXXXXXXX name code points, a doubled backslash itself.
Result<std::string> DecodeEscapes(std::string_view text) {
  const auto invalid = [] {
    return Error(ErrorCode::kSyntaxError)
        .Message("invalid Unicode escape")
        .Hint("Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
  };
  std::string out;
  UChar32 high = 0;  // The first half of a surrogate pair.
  const auto bad_pair = [] {
    return Error(ErrorCode::kSyntaxError).Message("invalid Unicode surrogate pair");
  };
  while (!text.empty()) {
    if (text[0] != '\\') {
      if (high != 0) return bad_pair();
      out.push_back(text[0]);
      text.remove_prefix(1);
      continue;
    }
    if (text.starts_with("\\\\")) {
      if (high != 0) return bad_pair();
      out.push_back('\\');
      text.remove_prefix(2);
      continue;
    }
    size_t start = 2;
    size_t digits = 4;
    if (text.starts_with("\\+")) {
      digits = 6;
    } else if (text.starts_with("\\U")) {
      digits = 8;
    } else if (!text.starts_with("\\u")) {
      start = 1;
    }
    uint32_t code = 0;
    const auto [end, error] = std::from_chars(
        text.data() + start, text.data() + std::min(text.size(), start + digits), code, 16);
    if (text.size() < start + digits || error != std::errc() ||
        end != text.data() + start + digits) {
      return invalid();
    }
    text.remove_prefix(start + digits);
    if (high != 0) {
      if (code < 0xdc00 || code > 0xdfff) return bad_pair();
      code = 0x10000 + ((static_cast<uint32_t>(high) & 0x3ff) << 10) + (code & 0x3ff);
      high = 0;
    } else if (code >= 0xdc00 && code <= 0xdfff) {
      return bad_pair();
    } else if (code >= 0xd800 && code <= 0xdbff) {
      high = static_cast<UChar32>(code);
      continue;
    }
    if (code == 0 || code > 0x10ffff) {
      return Error(ErrorCode::kSyntaxError).Message("invalid Unicode code point: {:04X}", code);
    }
    AppendChar(static_cast<UChar32>(code), &out);
  }
  if (high != 0) return bad_pair();
  return out;
}

template <typename T>
std::string ToHex(T value) {
  return fmt::format("{:x}", static_cast<std::make_unsigned_t<T>>(value));
}
std::string NameWithOid(std::string_view name, uint32_t oid) {
  const std::string suffix = "_" + std::to_string(oid);
  while (name.size() + suffix.size() > kNameBytesMax) {
    name = TruncateName(name.substr(0, name.size() - 1));
    if (name.size() + suffix.size() > kNameBytesMax) name.remove_suffix(1);
  }
  return std::string(name) + suffix;
}

constexpr KernelEntry kKernels[] = {
    {"textlen", Map<Length>},
    {"bpcharlen", Map<BlankTrimmedLength>},
    {"textoctetlen", Map<ByteLength>},
    {"bpcharoctetlen", Map<ByteLength>},
    {"byteaoctetlen", Map<ByteLength>},
    {"sql_1810", Map<BitLength>},
    {"sql_1811", Map<BitLength>},
    {"upper", Map<Upper>},
    {"lower", Map<Lower>},
    {"initcap", Map<InitCap>},
    {"text_substr", Map<Substring>},
    {"text_substr_no_len", Map<SubstringToEnd>},
    {"textoverlay", Map<Overlay>},
    {"textoverlay_no_len", Map<OverlayWhole>},
    {"text_left", Map<Left>},
    {"text_right", Map<Right>},
    {"textpos", Map<Position>},
    {"text_starts_with", Map<StartsWith>},
    {"btrim", Map<TrimBoth>},
    {"ltrim", Map<TrimLeft>},
    {"rtrim", Map<TrimRight>},
    {"btrim1", Map<TrimBothBlanks>},
    {"ltrim1", Map<TrimLeftBlanks>},
    {"lpad", Map<PadLeft>},
    {"rpad", Map<PadRight>},
    {"sql_879", Map<PadLeftBlanks>},
    {"sql_880", Map<PadRightBlanks>},
    {"repeat", Map<Repeat>},
    {"replace_text", Map<Replace>},
    {"split_part", Map<SplitPart>},
    {"translate", Map<Translate>},
    {"text_reverse", Map<Reverse>},
    {"textcat", Map<Concatenate>},
    {"byteacat", Map<Concatenate>},
    {"bitcat", Map<Concatenate>},
    {"ascii", Map<CodePoint>},
    {"chr", Map<CharOf>},
    {"to_hex32", Map<ToHex<int32_t>>},
    {"to_hex64", Map<ToHex<int64_t>>},
    {"nameconcatoid", Map<NameWithOid>},
    {"unistr", Map<DecodeEscapes>},
    {"to_ascii_default", Map<ToAsciiDefault>},
    {"to_ascii_encname", Map<ToAscii>},
};

}  // namespace

std::span<const KernelEntry> StringKernels() { return kKernels; }

}  // namespace helios::expr
