// Arrays as text ("[0:1]={1,NULL}") and on the wire.

#include <algorithm>

#include "base/codec.h"
#include "types/array.h"
#include "types/internal/sink.h"
#include "types/io.h"
#include "types/text.h"

namespace helios {

namespace {

Status Malformed(std::string_view text, std::string_view detail) {
  Status status =
      Error(ErrorCode::kInvalidTextRepresentation).Message("malformed array literal: \"{}\"", text);
  status.mutable_info().detail = detail;
  return status;
}

bool IsNullWord(std::string_view text) {
  constexpr std::string_view kNull = "null";
  return text.size() == 4 &&
         std::equal(text.begin(), text.end(), kNull.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

char DelimiterOf(Oid) { return ','; }

// Recursive descent over one array literal.
class ArrayParser {
 public:
  ArrayParser(SqlType element, std::string_view text, const TextFormat& format)
      : element_(element),
        text_(text),
        format_(format),
        builder_(element.oid, PhysicalTypeOf(element.oid, format.lookup)),
        value_(Value::Null(element)) {
    value_.SetPhysical(PhysicalTypeOf(element.oid, format.lookup));
  }

  Result<std::string> Parse() {
    HELIOS_TRY(ParseBounds());
    SkipSpaces();
    if (at_ >= text_.size() || text_[at_] != '{') {
      return Malformed(text_, bounds_.empty()
                                  ? "Array value must start with \"{\" or dimension information."
                                  : "Array contents must start with \"{\".");
    }
    HELIOS_TRY(ParseLevel(0));
    SkipSpaces();
    if (at_ != text_.size()) return Malformed(text_, "Junk after closing right brace.");
    if (builder_.size() == 0) return builder_.Finish();
    if (!bounds_.empty()) {
      if (lengths_.size() != bounds_.size() || lengths_ != wanted_) {
        return Malformed(text_, "Specified array dimensions do not match array contents.");
      }
      return builder_.Finish(lengths_, bounds_);
    }
    return builder_.Finish(lengths_, std::vector<int32_t>(lengths_.size(), 1));
  }

 private:
  void SkipSpaces() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }

  Result<int32_t> ParseBound() {
    const size_t begin = at_;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const Result<int32_t> value = ParseInt32(text_.substr(begin, at_ - begin));
    if (!value.ok()) return Malformed(text_, "Missing array dimension value.");
    return *value;
  }

  // "[1:3][0:1]=", or nothing.
  Status ParseBounds() {
    SkipSpaces();
    while (at_ < text_.size() && text_[at_] == '[') {
      ++at_;
      if (bounds_.size() == kArrayDimensionsMax) return TooManyDimensions();
      HELIOS_TRY(int32_t first, ParseBound());
      int32_t last = first;
      if (at_ < text_.size() && text_[at_] == ':') {
        ++at_;
        HELIOS_TRY(last, ParseBound());
      } else {
        first = 1;
      }
      if (at_ >= text_.size() || text_[at_] != ']') {
        return Malformed(text_, "Missing \"]\" after array dimensions.");
      }
      ++at_;
      if (last < first) {
        return Error(ErrorCode::kArraySubscriptError)
            .Message("upper bound cannot be less than lower bound");
      }
      const int64_t length = int64_t{last} - first + 1;
      if (length > kArrayElementsMax) return TooManyElements();
      bounds_.push_back(first);
      wanted_.push_back(static_cast<int32_t>(length));
      SkipSpaces();
    }
    if (bounds_.empty()) return Status::Ok();
    if (at_ >= text_.size() || text_[at_] != '=') {
      return Malformed(text_, "Missing \"=\" after array dimensions.");
    }
    ++at_;
    return Status::Ok();
  }

  static Status TooManyDimensions() {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("number of array dimensions exceeds the maximum allowed ({})",
                 kArrayDimensionsMax);
  }
  static Status TooManyElements() {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("array size exceeds the maximum allowed ({})", kArrayElementsMax);
  }

  // Requires: text_[at_] is '{'.
  Status ParseLevel(size_t depth) {
    if (depth == kArrayDimensionsMax) return TooManyDimensions();
    if (leaf_depth_ >= 0 && static_cast<int>(depth) > leaf_depth_) {
      return Malformed(text_, "Unexpected \"{\" character.");
    }
    ++at_;
    int32_t length = 0;
    SkipSpaces();
    if (at_ < text_.size() && text_[at_] == '}' && depth == 0) {
      ++at_;
      return Status::Ok();
    }
    for (;;) {
      SkipSpaces();
      if (at_ >= text_.size()) return Malformed(text_, "Unexpected end of input.");
      if (text_[at_] == '{') {
        HELIOS_TRY(ParseLevel(depth + 1));
      } else {
        if (leaf_depth_ >= 0 && leaf_depth_ != static_cast<int>(depth)) {
          return Malformed(text_,
                           "Multidimensional arrays must have sub-arrays with matching "
                           "dimensions.");
        }
        leaf_depth_ = static_cast<int>(depth);
        HELIOS_TRY(ParseElement());
      }
      ++length;
      SkipSpaces();
      if (at_ >= text_.size()) return Malformed(text_, "Unexpected end of input.");
      if (text_[at_] == '}') break;
      if (text_[at_] != DelimiterOf(element_.oid)) {
        return Malformed(text_, fmt::format("Unexpected \"{}\" character.", text_[at_]));
      }
      ++at_;
    }
    ++at_;
    if (lengths_.size() <= depth) lengths_.resize(depth + 1, -1);
    if (lengths_[depth] >= 0 && lengths_[depth] != length) {
      return Malformed(text_,
                       "Multidimensional arrays must have sub-arrays with matching "
                       "dimensions.");
    }
    lengths_[depth] = length;
    return Status::Ok();
  }

  Status ParseElement() {
    std::string word;
    bool quoted = false;
    size_t kept = 0;  // Length without trailing blanks that were not quoted or escaped.
    if (text_[at_] == '"') {
      quoted = true;
      for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
        if (text_[at_] == '\\' && ++at_ == text_.size()) break;
        word.push_back(text_[at_]);
      }
      if (at_ >= text_.size()) return Malformed(text_, "Unexpected end of input.");
      ++at_;
      kept = word.size();
      SkipSpaces();
      if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}') {
        return Malformed(text_, "Unexpected array element.");
      }
    } else {
      for (; at_ < text_.size() && text_[at_] != ',' && text_[at_] != '}'; ++at_) {
        if (text_[at_] == '{' || text_[at_] == '"') {
          return Malformed(text_, text_[at_] == '{' ? "Unexpected \"{\" character."
                                                    : "Unexpected array element.");
        }
        if (text_[at_] == '\\') {
          quoted = true;
          if (++at_ == text_.size()) break;
          word.push_back(text_[at_]);
          kept = word.size();
          continue;
        }
        word.push_back(text_[at_]);
        if (!IsSpace(text_[at_])) kept = word.size();
      }
      if (at_ >= text_.size()) return Malformed(text_, "Unexpected end of input.");
      if (kept == 0 && !quoted) {
        return Malformed(text_, fmt::format("Unexpected \"{}\" character.", text_[at_]));
      }
    }
    word.resize(kept);
    if (builder_.size() >= kArrayElementsMax) return TooManyElements();
    if (!quoted && IsNullWord(word)) {
      builder_.AddNull();
      return Status::Ok();
    }
    ValueSink sink(element_, &value_);
    HELIOS_TRY(ParseTextInto(element_, word, format_, &sink));
    builder_.AddValue(value_);
    return Status::Ok();
  }

  const SqlType element_;
  const std::string_view text_;
  const TextFormat& format_;
  size_t at_ = 0;
  ArrayBuilder builder_;
  Value value_;
  std::vector<int32_t> bounds_;
  std::vector<int32_t> wanted_;
  std::vector<int32_t> lengths_;
  int leaf_depth_ = -1;
};

bool NeedsQuotes(std::string_view text) {
  if (text.empty() || IsNullWord(text)) return true;
  return std::any_of(text.begin(), text.end(), [](char c) {
    return c == '"' || c == '\\' || c == '{' || c == '}' || c == ',' || IsSpace(c);
  });
}

void AppendQuoted(std::string_view text, std::string* out) {
  if (!NeedsQuotes(text)) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('"');
}

const void* RawElement(const ArrayReader& array, uint32_t index, StringRef* scratch) {
  if (array.element_physical() != PhysicalType::kVarlen) return array.RawFixed(index);
  *scratch = StringRef(array.Bytes(index));
  return scratch;
}

Status FormatLevel(const ArrayReader& array, int32_t depth, uint32_t* index,
                   const TextFormat& format, std::string* out) {
  out->push_back('{');
  for (int32_t i = 0; i < array.dimension(depth); ++i) {
    if (i > 0) out->push_back(DelimiterOf(array.element_type()));
    if (depth + 1 < array.dimension_count()) {
      HELIOS_TRY(FormatLevel(array, depth + 1, index, format, out));
      continue;
    }
    const uint32_t element = (*index)++;
    if (array.IsNull(element)) {
      out->append("NULL");
      continue;
    }
    std::string text;
    StringRef scratch;
    HELIOS_TRY(FormatTextRaw({array.element_type()}, array.element_physical(),
                             RawElement(array, element, &scratch), format, &text));
    AppendQuoted(text, out);
  }
  out->push_back('}');
  return Status::Ok();
}

}  // namespace

Result<std::string> ParseArrayText(SqlType element, std::string_view text,
                                   const TextFormat& format) {
  HELIOS_TRY(ValidateUtf8(text));
  return ArrayParser(element, text, format).Parse();
}

Status FormatArrayText(std::string_view bytes, const TextFormat& format, std::string* out) {
  const ArrayReader array(bytes);
  if (array.dimension_count() == 0) {
    out->append("{}");
    return Status::Ok();
  }
  bool shows_bounds = false;
  for (int32_t i = 0; i < array.dimension_count(); ++i) shows_bounds |= array.lower_bound(i) != 1;
  if (shows_bounds) {
    for (int32_t i = 0; i < array.dimension_count(); ++i) {
      out->append(fmt::format("[{}:{}]", array.lower_bound(i),
                              int64_t{array.lower_bound(i)} + array.dimension(i) - 1));
    }
    out->push_back('=');
  }
  uint32_t index = 0;
  return FormatLevel(array, 0, &index, format, out);
}

Result<std::string> ParseArrayBinary(SqlType element, std::string_view bytes,
                                     const TextFormat& format) {
  ByteReader reader(bytes);
  HELIOS_TRY(const int32_t dimension_count, reader.BigEndian<int32_t>());
  HELIOS_TRY(const int32_t flags, reader.BigEndian<int32_t>());
  HELIOS_TRY(const Oid wire_element, reader.BigEndian<Oid>());
  if (dimension_count < 0 || dimension_count > kArrayDimensionsMax) {
    return Error(ErrorCode::kInvalidBinaryRepresentation)
        .Message("invalid number of dimensions: {}", dimension_count);
  }
  if (flags != 0 && flags != 1) {
    return Error(ErrorCode::kInvalidBinaryRepresentation).Message("invalid array flags");
  }
  if (wire_element != element.oid) {
    return Error(ErrorCode::kDatatypeMismatch)
        .Message("binary data has array element type {} ({}) instead of expected {} ({})",
                 wire_element, FormatType({wire_element}, format.lookup), element.oid,
                 FormatType({element.oid}, format.lookup));
  }
  std::vector<int32_t> dimensions;
  std::vector<int32_t> lower_bounds;
  int64_t count = dimension_count == 0 ? 0 : 1;
  for (int32_t i = 0; i < dimension_count; ++i) {
    HELIOS_TRY(const int32_t length, reader.BigEndian<int32_t>());
    HELIOS_TRY(const int32_t bound, reader.BigEndian<int32_t>());
    if (length < 0 || length > kArrayElementsMax || count * length > kArrayElementsMax) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("array size exceeds the maximum allowed ({})", kArrayElementsMax);
    }
    count *= length;
    dimensions.push_back(length);
    lower_bounds.push_back(bound);
  }
  const PhysicalType physical = PhysicalTypeOf(element.oid, format.lookup);
  ArrayBuilder builder(element.oid, physical);
  Value value = Value::Null(element);
  value.SetPhysical(physical);
  for (int64_t i = 0; i < count; ++i) {
    HELIOS_TRY(const int32_t length, reader.BigEndian<int32_t>());
    if (length == -1) {
      builder.AddNull();
      continue;
    }
    if (length < 0) {
      return Error(ErrorCode::kInvalidBinaryRepresentation)
          .Message("insufficient data left in message");
    }
    HELIOS_TRY(const std::string_view element_bytes, reader.Bytes(static_cast<size_t>(length)));
    ValueSink sink(element, &value);
    HELIOS_TRY(ParseBinaryInto(element, element_bytes, format, &sink));
    builder.AddValue(value);
  }
  if (!reader.empty()) {
    return Error(ErrorCode::kInvalidBinaryRepresentation).Message("incorrect binary data format");
  }
  return count == 0 ? builder.Finish() : builder.Finish(dimensions, lower_bounds);
}

Status FormatArrayBinary(std::string_view bytes, const TextFormat& format, std::string* out) {
  const ArrayReader array(bytes);
  AppendBigEndian(out, array.dimension_count());
  AppendBigEndian(out, int32_t{array.has_nulls() ? 1 : 0});
  AppendBigEndian(out, array.element_type());
  for (int32_t i = 0; i < array.dimension_count(); ++i) {
    AppendBigEndian(out, array.dimension(i));
    AppendBigEndian(out, array.lower_bound(i));
  }
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.IsNull(i)) {
      AppendBigEndian(out, int32_t{-1});
      continue;
    }
    const size_t length_at = out->size();
    AppendBigEndian(out, int32_t{0});
    StringRef scratch;
    HELIOS_TRY(FormatBinaryRaw({array.element_type()}, array.element_physical(),
                               RawElement(array, i, &scratch), format, out));
    StoreBigEndian(out->data() + length_at, static_cast<int32_t>(out->size() - length_at - 4));
  }
  return Status::Ok();
}

}  // namespace helios
