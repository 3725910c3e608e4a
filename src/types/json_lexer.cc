#include "types/internal/json_lexer.h"

#include "types/text.h"

namespace helios {

namespace {

bool IsJsonSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

}  // namespace

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

Status JsonLexer::Next() {
  begin_ = end_;
  while (begin_ < text_.size() && IsJsonSpace(text_[begin_])) ++begin_;
  end_ = begin_;
  if (begin_ == text_.size()) {
    token_ = Token::kEnd;
    return Status::Ok();
  }
  end_ = begin_ + 1;
  switch (text_[begin_]) {
    case '{':
      token_ = Token::kObjectBegin;
      return Status::Ok();
    case '}':
      token_ = Token::kObjectEnd;
      return Status::Ok();
    case '[':
      token_ = Token::kArrayBegin;
      return Status::Ok();
    case ']':
      token_ = Token::kArrayEnd;
      return Status::Ok();
    case ',':
      token_ = Token::kComma;
      return Status::Ok();
    case ':':
      token_ = Token::kColon;
      return Status::Ok();
    case '"':
      token_ = Token::kString;
      return LexString();
    default:
      break;
  }
  if (text_[begin_] == '-' || IsDigit(text_[begin_])) return LexNumber();
  return LexWord();
}

Status JsonLexer::LexWord() {
  end_ = begin_;
  while (end_ < text_.size() && IsWordChar(text_[end_])) ++end_;
  // A character that starts nothing is a token of its own.
  if (end_ == begin_) ++end_;
  const std::string_view word = text();
  if (word == "true") {
    token_ = Token::kTrue;
  } else if (word == "false") {
    token_ = Token::kFalse;
  } else if (word == "null") {
    token_ = Token::kNull;
  } else {
    return Fail(fmt::format("Token \"{}\" is invalid.", word));
  }
  return Status::Ok();
}

Status JsonLexer::LexNumber() {
  token_ = Token::kNumber;
  size_t at = begin_;
  const auto digits = [&at, this] {
    const size_t from = at;
    while (at < text_.size() && IsDigit(text_[at])) ++at;
    return at > from;
  };
  bool valid = true;
  if (text_[at] == '-') ++at;
  if (at < text_.size() && text_[at] == '0') {
    ++at;
  } else {
    valid = digits();
  }
  if (valid && at < text_.size() && text_[at] == '.') {
    ++at;
    valid = digits();
  }
  if (valid && at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
    ++at;
    if (at < text_.size() && (text_[at] == '+' || text_[at] == '-')) ++at;
    valid = digits();
  }
  // Letters and digits right behind belong to the token and make it invalid.
  const size_t number_end = at;
  while (at < text_.size() && IsWordChar(text_[at])) ++at;
  end_ = at;
  if (!valid || at != number_end) return Fail(fmt::format("Token \"{}\" is invalid.", text()));
  return Status::Ok();
}

Status JsonLexer::LexString() {
  has_escapes_ = false;
  bool after_high_surrogate = false;
  const auto lone_high = [this] {
    return Fail("Unicode low surrogate must follow a high surrogate.");
  };
  for (end_ = begin_ + 1;; ++end_) {
    if (end_ == text_.size()) return Fail(fmt::format("Token \"{}\" is invalid.", text()));
    const char c = text_[end_];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) {
      return Fail(fmt::format("Character with value 0x{:02x} must be escaped.",
                              static_cast<unsigned char>(c)));
    }
    if (c != '\\') {
      if (after_high_surrogate) return lone_high();
      continue;
    }
    has_escapes_ = true;
    if (++end_ == text_.size()) return Fail(fmt::format("Token \"{}\" is invalid.", text()));
    if (text_[end_] == 'u') {
      uint32_t code = 0;
      for (int i = 0; i < 4; ++i) {
        if (++end_ == text_.size()) return Fail(fmt::format("Token \"{}\" is invalid.", text()));
        const int digit = HexDigit(text_[end_]);
        if (digit < 0) {
          end_ += Utf8CharBytes(static_cast<unsigned char>(text_[end_]));
          if (end_ > text_.size()) end_ = text_.size();
          return Fail("\"\\u\" must be followed by four hexadecimal digits.");
        }
        code = code << 4 | static_cast<uint32_t>(digit);
      }
      if (!checks_surrogates_) continue;
      if (code >= 0xd800 && code <= 0xdbff) {
        if (after_high_surrogate) {
          return Fail("Unicode high surrogate must not follow a high surrogate.");
        }
        after_high_surrogate = true;
      } else if (code >= 0xdc00 && code <= 0xdfff) {
        if (!after_high_surrogate) return lone_high();
        after_high_surrogate = false;
      } else if (after_high_surrogate) {
        return lone_high();
      }
      continue;
    }
    if (after_high_surrogate) return lone_high();
    if (std::string_view("\"\\/bfnrt").find(text_[end_]) == std::string_view::npos) {
      const size_t length = Utf8CharBytes(static_cast<unsigned char>(text_[end_]));
      const std::string_view character = text_.substr(end_, length);
      end_ += character.size();
      return Fail(fmt::format("Escape sequence \"\\{}\" is invalid.", character));
    }
  }
  if (after_high_surrogate) return lone_high();
  ++end_;
  return Status::Ok();
}

Status JsonLexer::Expected(std::string_view what) const {
  if (token_ == Token::kEnd) return Fail("The input string ended unexpectedly.");
  return Fail(fmt::format("Expected {}, but found \"{}\".", what, text()));
}

std::string JsonLexer::Context() const {
  constexpr size_t kContextBytes = 50;
  size_t line_number = 1;
  size_t line_begin = 0;
  for (size_t i = 0; i < end_; ++i) {
    if (text_[i] == '\n') {
      ++line_number;
      line_begin = i + 1;
    }
  }
  size_t from = line_begin;
  while (end_ - from >= kContextBytes)
    from += Utf8CharBytes(static_cast<unsigned char>(text_[from]));
  // Three characters would be no shorter than the dots.
  if (from - line_begin <= 3) from = line_begin;
  const bool more =
      token_ != Token::kEnd && end_ < text_.size() && text_[end_] != '\n' && text_[end_] != '\r';
  return fmt::format("JSON data, line {}: {}{}{}", line_number, from > line_begin ? "..." : "",
                     text_.substr(from, end_ - from), more ? "..." : "");
}

Status JsonLexer::Fail(std::string_view detail) const {
  return Error(ErrorCode::kInvalidTextRepresentation)
      .Message("invalid input syntax for type json")
      .Detail("{}", detail)
      .Context(Context());
}

bool AppendJsonUnescaped(std::string_view token, std::string* out) {
  token = token.substr(1, token.size() - 2);
  uint32_t high = 0;
  for (size_t at = 0; at < token.size(); ++at) {
    if (token[at] != '\\') {
      out->push_back(token[at]);
      continue;
    }
    switch (token[++at]) {
      case 'b':
        out->push_back('\b');
        break;
      case 'f':
        out->push_back('\f');
        break;
      case 'n':
        out->push_back('\n');
        break;
      case 'r':
        out->push_back('\r');
        break;
      case 't':
        out->push_back('\t');
        break;
      case 'u': {
        uint32_t code = 0;
        for (int i = 0; i < 4; ++i) {
          code = code << 4 | static_cast<uint32_t>(HexDigit(token[++at]));
        }
        if (code == 0) return false;
        if (code >= 0xd800 && code <= 0xdbff) {
          high = code;
        } else if (code >= 0xdc00 && code <= 0xdfff) {
          AppendUtf8(0x10000 + ((high & 0x3ff) << 10) + (code & 0x3ff), out);
        } else {
          AppendUtf8(code, out);
        }
        break;
      }
      default:
        out->push_back(token[at]);
    }
  }
  return true;
}

}  // namespace helios
