// Text and wire forms of values against what PostgreSQL 15 answered (testing/io_cases.def).

#include "types/io.h"

#include <gtest/gtest.h>

#include "types/numeric.h"
#include "types/record.h"
#include "types/time/zone.h"

namespace helios {
namespace {

struct IoCase {
  std::string_view type;  // Empty: a setting.
  int32_t typmod;
  std::string_view text;
  std::string_view expected;
};

constexpr IoCase kCases[] = {
#define HELIOS_IO_CASE(type, typmod, text, expected) {type, typmod, text, expected},
#define HELIOS_IO_SET(setting, value) {"", 0, setting, value},
#include "types/testing/io_cases.def"
#undef HELIOS_IO_CASE
#undef HELIOS_IO_SET
};

void ApplySetting(std::string_view setting, std::string_view value, TextFormat* format) {
  if (setting == "zone") {
    format->zone = TimeZone::Find(value);
    ASSERT_NE(format->zone, nullptr) << value;
  } else if (setting == "datestyle") {
    ASSERT_TRUE(ParseDateStyle(value, &format->date_style, &format->date_order).ok());
  } else {
    format->interval_style = ParseIntervalStyle(value).value();
  }
}

std::string Describe(const Status& status) {
  return fmt::format("{} {}", SqlState(status.code()), status.info().message);
}

TEST(IoTest, TextsReadAndPrintAsInPostgres) {
  TextFormat format;
  for (const IoCase& one : kCases) {
    if (one.type.empty()) {
      ApplySetting(one.text, one.expected, &format);
      continue;
    }
    const SqlType type{FindTypeByName(one.type)->oid, one.typmod};
    const Result<Value> value = ParseTextValue(type, one.text, format);
    const std::string answer =
        value.ok() ? FormatTextValue(*value, format).value() : Describe(value.status());
    EXPECT_EQ(answer, one.expected) << one.type << " " << one.text;
    if (!value.ok()) continue;
    std::string wire;
    const Vector vector = value->ToConstant();
    ASSERT_TRUE(FormatBinary(vector, 0, format, &wire).ok());
    const Result<Value> back = ParseBinaryValue(type, wire, format);
    ASSERT_TRUE(back.ok()) << one.type << " " << one.text << back.status().ToString();
    EXPECT_TRUE(back->SameAs(*value)) << one.type << " " << one.text;
    // Every shorter wire form is refused or is another value, and never read past its end.
    for (size_t length = 0; length < wire.size(); ++length) {
      static_cast<void>(ParseBinaryValue(type, wire.substr(0, length), format).ok());
    }
  }
}

TEST(IoTest, FormatTypeShowsTypmods) {
  EXPECT_EQ(FormatType({type_oid::kVarchar, 14}, nullptr), "character varying(10)");
  EXPECT_EQ(FormatType({type_oid::kBpchar, 5}, nullptr), "character(1)");
  EXPECT_EQ(FormatType({type_oid::kNumeric, NumericTypmod(10, 2).value()}, nullptr),
            "numeric(10,2)");
  EXPECT_EQ(FormatType({type_oid::kNumeric, NumericTypmod(5, -2).value()}, nullptr),
            "numeric(5,-2)");
  EXPECT_EQ(FormatType({type_oid::kTimestamptz, 3}, nullptr), "timestamp(3) with time zone");
  EXPECT_EQ(FormatType({type_oid::kTime, 0}, nullptr), "time(0) without time zone");
  EXPECT_EQ(FormatType({type_oid::kInterval, IntervalTypmod(3, 1 << 12)}, nullptr),
            "interval second(3)");
  EXPECT_EQ(FormatType({type_oid::kInterval, IntervalTypmod(0xffff, 1 << 2 | 1 << 1)}, nullptr),
            "interval year to month");
  EXPECT_EQ(FormatType({type_oid::kVarcharArray, 14}, nullptr), "character varying(10)[]");
  EXPECT_EQ(FormatType({type_oid::kInt2Vector, -1}, nullptr), "int2vector");
  EXPECT_EQ(FormatType({99999, -1}, nullptr), "???");
}

TEST(IoTest, TypmodsAreCheckedWhenMade) {
  EXPECT_EQ(MakeTypmod(type_oid::kVarchar, {10}).value(), 14);
  EXPECT_EQ(MakeTypmod(type_oid::kNumeric, {10, 2}).value(), (10 << 16 | 2) + 4);
  EXPECT_EQ(MakeTypmod(type_oid::kTimestamp, {9}).value(), 6);
  EXPECT_EQ(MakeTypmod(type_oid::kInterval, {0x7fff}).value(), -1);
  EXPECT_EQ(MakeTypmod(type_oid::kVarchar, {0}).status().info().message,
            "length for type varchar must be at least 1");
  EXPECT_EQ(MakeTypmod(type_oid::kBpchar, {100000000}).status().info().message,
            "length for type char cannot exceed 10485760");
  EXPECT_EQ(MakeTypmod(type_oid::kNumeric, {1001}).status().info().message,
            "NUMERIC precision 1001 must be between 1 and 1000");
  EXPECT_EQ(MakeTypmod(type_oid::kText, {1}).status().info().message,
            "type modifier is not allowed for type \"text\"");
}

// Casts `text` of `source` to the typmod; the result as text, or the error.
std::string Cast(SqlType target, bool is_explicit, std::string_view text) {
  Vector vector(SqlType{target.oid});
  const TextFormat format;
  EXPECT_TRUE(ParseText({target.oid}, text, format, &vector, 0).ok());
  const Status status = ApplyTypmod(target, is_explicit, &vector, 0);
  if (!status.ok()) return Describe(status);
  std::string out;
  EXPECT_TRUE(FormatText(vector, 0, format, &out).ok());
  return out;
}

TEST(IoTest, CastsToATypmodCutPadAndRound) {
  EXPECT_EQ(Cast({type_oid::kVarchar, 7}, true, "abcdef"), "abc");
  EXPECT_EQ(Cast({type_oid::kVarchar, 7}, false, "abcdef"),
            "22001 value too long for type character varying(3)");
  EXPECT_EQ(Cast({type_oid::kVarchar, 7}, false, "abc   "), "abc");
  EXPECT_EQ(Cast({type_oid::kVarchar, 6}, true, "\xc3\xa9\xc3\xa8\xc3\xa0"), "\xc3\xa9\xc3\xa8");
  EXPECT_EQ(Cast({type_oid::kBpchar, 9}, true, "abc"), "abc  ");
  EXPECT_EQ(Cast({type_oid::kNumeric, NumericTypmod(4, 2).value()}, true, "12.345"), "12.35");
  EXPECT_EQ(Cast({type_oid::kNumeric, NumericTypmod(4, 2).value()}, true, "123.4"),
            "22003 numeric field overflow");
  EXPECT_EQ(Cast({type_oid::kTimestamp, 0}, true, "2020-01-01 00:00:00.5"), "2020-01-01 00:00:01");
  EXPECT_EQ(Cast({type_oid::kInterval, IntervalTypmod(0xffff, 1 << 3)}, true, "1 day 10:00"),
            "1 day");
  EXPECT_EQ(Cast({type_oid::kBit, 4}, true, "10"), "1000");
  EXPECT_EQ(Cast({type_oid::kBit, 4}, false, "10"),
            "22026 bit string length 2 does not match type bit(4)");
  EXPECT_EQ(Cast({type_oid::kVarcharArray, 6}, true, "{abc,NULL,d}"), "{ab,NULL,d}");
}

// Knows one enum and one composite type.
class SampleLookup : public TypeLookup {
 public:
  static constexpr Oid kMood = 20000, kPair = 20001, kMoods = 20002, kPositive = 20003;

  SampleLookup() {
    mood_.kind = UserKind::kEnum;
    mood_.sql_name = "mood";
    mood_.physical = PhysicalType::kInt64;
    mood_.array = kMoods;
    pair_.kind = UserKind::kComposite;
    pair_.sql_name = "pair";
    pair_.field_types = {{type_oid::kInt4}, {type_oid::kText}};
    moods_.kind = UserKind::kArray;
    moods_.element = kMood;
    positive_.kind = UserKind::kDomain;
    positive_.sql_name = "positive";
    positive_.physical = PhysicalType::kInt32;
    positive_.base = {type_oid::kInt4};
  }
  const UserType* FindUserType(Oid oid) const override {
    switch (oid) {
      case kMood:
        return &mood_;
      case kPair:
        return &pair_;
      case kMoods:
        return &moods_;
      case kPositive:
        return &positive_;
      default:
        return nullptr;
    }
  }
  std::optional<int64_t> EnumKey(Oid, std::string_view label) const override {
    if (label == "sad") return 1;
    if (label == "happy") return 2;
    return std::nullopt;
  }
  std::optional<std::string> EnumLabel(Oid, int64_t key) const override {
    return key == 1 ? "sad" : "happy";
  }
  Result<Oid> ResolveName(Oid, std::string_view text) const override {
    if (text == "pg_class") return Oid{1259};
    return Error(ErrorCode::kUndefinedTable).Message("relation \"{}\" does not exist", text);
  }
  std::optional<std::string> NameOf(Oid, Oid oid) const override {
    if (oid == 1259) return "pg_class";
    return std::nullopt;
  }

 private:
  UserType mood_, pair_, moods_, positive_;
};

std::string Echo(Oid type, std::string_view text, const TextFormat& format) {
  const Result<Value> value = ParseTextValue({type}, text, format);
  if (!value.ok()) return Describe(value.status());
  std::string wire;
  const Vector vector = value->ToConstant();
  EXPECT_TRUE(FormatBinary(vector, 0, format, &wire).ok());
  const Result<Value> back = ParseBinaryValue({type}, wire, format);
  EXPECT_TRUE(back.ok()) << back.status().ToString();
  if (back.ok()) {
    EXPECT_TRUE(back->SameAs(*value)) << text;
  }
  return FormatTextValue(*value, format).value();
}

TEST(IoTest, UserTypesGoThroughTheLookup) {
  const SampleLookup lookup;
  TextFormat format;
  format.lookup = &lookup;
  EXPECT_EQ(Echo(SampleLookup::kMood, "happy", format), "happy");
  EXPECT_EQ(Echo(SampleLookup::kMood, "cross", format),
            "22P02 invalid input value for enum mood: \"cross\"");
  EXPECT_EQ(Echo(SampleLookup::kMoods, "{sad,NULL,happy}", format), "{sad,NULL,happy}");
  EXPECT_EQ(Echo(SampleLookup::kPositive, "5", format), "5");
  EXPECT_EQ(Echo(SampleLookup::kPair, "(1,\"a b\")", format), "(1,\"a b\")");
  EXPECT_EQ(Echo(SampleLookup::kPair, "(,\"x\"\"y\\\\\")", format), "(,\"x\"\"y\\\\\")");
  EXPECT_EQ(Echo(SampleLookup::kPair, "(1)", format), "22P02 malformed record literal: \"(1)\"");
  EXPECT_EQ(Echo(SampleLookup::kPair, "(1,a,b)", format),
            "22P02 malformed record literal: \"(1,a,b)\"");
  EXPECT_EQ(Echo(SampleLookup::kPair, "1,a", format), "22P02 malformed record literal: \"1,a\"");
  EXPECT_EQ(Echo(type_oid::kRegclass, "pg_class", format), "pg_class");
  EXPECT_EQ(Echo(type_oid::kRegclass, "-", format), "-");
  EXPECT_EQ(Echo(type_oid::kRegclass, "7", format), "7");
  EXPECT_EQ(Echo(type_oid::kRegclass, "nope", format), "42P01 relation \"nope\" does not exist");
  EXPECT_EQ(FormatType({SampleLookup::kMoods}, &lookup), "mood[]");
}

TEST(IoTest, InvalidUtf8IsNamedByItsBytes) {
  const auto message = [](std::string_view text) {
    return Describe(ParseTextValue({type_oid::kText}, text, TextFormat()).status());
  };
  EXPECT_EQ(message("a\xff"), "22021 invalid byte sequence for encoding \"UTF8\": 0xff");
  EXPECT_EQ(message("\xe9\x20zz"),
            "22021 invalid byte sequence for encoding \"UTF8\": 0xe9 0x20 0x7a");
  EXPECT_EQ(message(std::string_view("a\0b", 3)),
            "22021 invalid byte sequence for encoding \"UTF8\": 0x00");
  EXPECT_EQ(message("\xc0\x80"), "22021 invalid byte sequence for encoding \"UTF8\": 0xc0 0x80");
}

TEST(IoTest, FloatsFollowExtraFloatDigits) {
  const auto show = [](double value, int32_t digits) {
    std::string out;
    FormatFloat64(value, digits, &out);
    return out;
  };
  EXPECT_EQ(show(0.1, 1), "0.1");
  EXPECT_EQ(show(0.1, 0), "0.1");
  EXPECT_EQ(show(1.0 / 3, 0), "0.333333333333333");
  EXPECT_EQ(show(1.0 / 3, -5), "0.3333333333");
  EXPECT_EQ(show(1e15, 1), "1e+15");
}

TEST(IoTest, RecordsCompareFieldByField) {
  const auto record = [](int32_t number, std::string_view text) {
    Vector numbers(SqlType{type_oid::kInt4});
    Vector texts(SqlType{type_oid::kText});
    numbers.Set(0, number);
    texts.SetString(0, text);
    RecordBuilder builder(2);
    builder.AddFrom(numbers, 0);
    builder.AddFrom(texts, 0);
    return std::move(builder).Finish();
  };
  EXPECT_LT(CompareRecords(record(1, "b"), record(2, "a")), 0);
  EXPECT_GT(CompareRecords(record(1, "b"), record(1, "a")), 0);
  EXPECT_EQ(CompareRecords(record(1, "a"), record(1, "a")), 0);
  EXPECT_EQ(HashRecord(record(1, "a")), HashRecord(record(1, "a")));
  EXPECT_NE(HashRecord(record(1, "a")), HashRecord(record(1, "b")));
  std::string text;
  ASSERT_TRUE(FormatRecordText(record(7, "x y"), TextFormat(), &text).ok());
  EXPECT_EQ(text, "(7,\"x y\")");
  std::string scratch;
  const std::string stored = record(7, "x y");
  const std::vector<SqlType> now = {{type_oid::kInt4}, {type_oid::kText}, {type_oid::kDate}};
  text.clear();
  ASSERT_TRUE(FormatRecordText(CompleteRecord(stored, now, &scratch), TextFormat(), &text).ok());
  EXPECT_EQ(text, "(7,\"x y\",)");
  EXPECT_EQ(CompleteRecord(stored, {{type_oid::kInt4}, {type_oid::kText}}, &scratch), stored);
}

}  // namespace
}  // namespace helios
