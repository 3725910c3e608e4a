#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace helios {

// Tokens of json text, with PostgreSQL's errors.
class JsonLexer {
 public:
  enum class Token : uint8_t {
    kEnd,
    kString,
    kNumber,
    kTrue,
    kFalse,
    kNull,
    kObjectBegin,
    kObjectEnd,
    kArrayBegin,
    kArrayEnd,
    kComma,
    kColon,
  };

  // Only a reader of the strings' characters cares whether surrogates come in pairs.
  JsonLexer(std::string_view text, bool checks_surrogates)
      : text_(text), checks_surrogates_(checks_surrogates) {}

  // Moves to the next token.
  Status Next();
  Token token() const { return token_; }
  // The token's text; a string with its quotes.
  std::string_view text() const { return text_.substr(begin_, end_ - begin_); }
  bool string_has_escapes() const { return has_escapes_; }

  // 22P02 at the current token: `Expected "," or "]", but found "x".`, or that the input ended.
  Status Expected(std::string_view what) const;
  Status Fail(std::string_view detail) const;

 private:
  Status LexString();
  Status LexNumber();
  Status LexWord();
  std::string Context() const;

  const std::string_view text_;
  const bool checks_surrogates_;
  size_t begin_ = 0;
  size_t end_ = 0;
  Token token_ = Token::kEnd;
  bool has_escapes_ = false;
};

// The value of a hexadecimal digit, or -1.
int HexDigit(char c);
void AppendUtf8(uint32_t code, std::string* out);

// Appends the characters that a string token (with quotes, valid) stands for. False: it has \u0000.
bool AppendJsonUnescaped(std::string_view string_token, std::string* out);

}  // namespace helios
