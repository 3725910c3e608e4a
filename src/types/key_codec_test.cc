#include "types/key_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>

#include "base/codec.h"
#include "types/array.h"
#include "types/io.h"
#include "types/numeric.h"
#include "types/record.h"

namespace helios {
namespace {

// Values of one type, in ascending order, equal ones side by side.
struct OrderedValues {
  Oid type;
  std::vector<std::string> texts;
};

Vector Load(Oid type, const std::vector<std::string>& texts) {
  Vector vector{SqlType{type}};
  for (size_t i = 0; i < texts.size(); ++i) {
    const Status status = ParseText({type}, texts[i], TextFormat(), &vector, i);
    EXPECT_TRUE(status.ok()) << texts[i] << ": " << status.ToString();
  }
  return vector;
}

std::vector<OrderedValues> Samples() {
  using namespace type_oid;  // NOLINT: names of types only.
  return {
      {kBool, {"f", "t"}},
      {kInt2, {"-32768", "-1", "0", "1", "32767"}},
      {kInt4, {"-2147483648", "-1", "0", "1", "256", "2147483647"}},
      {kInt8, {"-9223372036854775808", "-1", "0", "1", "9223372036854775807"}},
      {kOid, {"0", "1", "2147483648", "4294967295"}},
      {kFloat4, {"-Infinity", "-1.5", "-0", "0", "1e-30", "1.5", "Infinity", "NaN"}},
      {kFloat8,
       {"-Infinity", "-1e300", "-1", "-0", "0", "5e-324", "1", "1e300", "Infinity", "NaN"}},
      {kText, {"", "A", "a", std::string("ab"), "b", "ba", "\xc3\xa9"}},
      {kBpchar, {"", "a", "a   ", "ab"}},
      {kBytea, {"\\x", "\\x00", "\\x0000", "\\x0001", "\\x00ff", "\\x01", "\\xff", "\\xffff"}},
      {kNumeric, {"-Infinity", "-1e100", "-12345678901234567890123456789012345678901234567890",
                  "-100.5",    "-100",   "-99.99",
                  "-1",        "-0.1",   "-0.01",
                  "0",         "0.000",  "1e-100",
                  "0.001",     "0.01",   "0.0101",
                  "0.1",       "1",      "1.00",
                  "1.01",      "9.9",    "10",
                  "10.5",      "99",     "100",
                  "100.000",   "1e50",   "1e300",
                  "Infinity",  "NaN"}},
      {kDate, {"-infinity", "4713-11-24 BC", "2000-01-01", "2020-02-29", "infinity"}},
      {kTime, {"00:00", "12:30:00.000001", "24:00"}},
      {kTimetz, {"12:00+05", "12:00+04", "10:00+01", "09:00+00", "12:00-05"}},
      {kTimestamp, {"-infinity", "1999-01-01", "2020-01-01 00:00:00.000001", "infinity"}},
      {kTimestamptz, {"-infinity", "1999-01-01", "2020-01-01 00:00:00.000001", "infinity"}},
      {kInterval,
       {"-1000 years", "-1 mon", "-30 days", "-1 day", "-00:00:01", "0", "1 sec", "24:00", "1 day",
        "29 days 23:59:59", "1 mon", "30 days", "720:00:00", "1 mon 1 sec", "1000 years"}},
      {kUuid,
       {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-0000000000ff",
        "ff000000-0000-0000-0000-000000000000"}},
      {kInet, {"10.0.0.0/8", "10.0.0.0/16", "10.0.0.1", "11.0.0.0/8", "::1"}},
      {kVarbit, {"", "0", "00", "01", "1", "10"}},
      {kInt4Array, {"{}", "{-1}", "{1}", "{1,2}", "{1,2,3}", "{1,3}", "{1,NULL}", "{2}", "{NULL}"}},
      {kTextArray, {"{}", "{\"\"}", "{a}", "{a,b}", "{ab}", "{b}"}},
      {kNumericArray, {"{1.0}", "{1.00}", "{1.5}", "{2}"}},
      {kJsonb, {"[]",           "null",         "\"\"",       "\"a\"",
                "\"a\\u0001\"", "\"b\"",        "-1.5",       "1",
                "1.0",          "10",           "false",      "true",
                "[null]",       "[1]",          "[[]]",       "[[1]]",
                "[{}]",         "[1, 2]",       "[1, 3]",     "{}",
                "{\"a\": 1}",   "{\"a\": [2]}", "{\"b\": 1}", "{\"a\": 1, \"b\": {\"c\": [{}]}}"}},
  };
}

TEST(KeyCodecTest, OrderOfKeysIsOrderOfValues) {
  for (const OrderedValues& sample : Samples()) {
    const Vector vector = Load(sample.type, sample.texts);
    for (const bool descending : {false, true}) {
      for (size_t i = 0; i < sample.texts.size(); ++i) {
        for (size_t j = 0; j < sample.texts.size(); ++j) {
          const KeyColumn column({sample.type}, SortOrder{descending, descending});
          std::string a;
          std::string b;
          ASSERT_TRUE(AppendKey(column, vector, i, &a).ok());
          ASSERT_TRUE(AppendKey(column, vector, j, &b).ok());
          const int by_value = CompareRows(vector, i, vector, j) * (descending ? -1 : 1);
          const int by_key = a.compare(b);
          EXPECT_EQ(by_value < 0, by_key < 0)
              << FindType(sample.type)->name << ": " << sample.texts[i] << " | " << sample.texts[j];
          EXPECT_EQ(by_value == 0, by_key == 0)
              << FindType(sample.type)->name << ": " << sample.texts[i] << " | " << sample.texts[j];
          if (i < j) {
            EXPECT_LE(CompareRows(vector, i, vector, j), 0)
                << FindType(sample.type)->name << ": " << sample.texts[i] << " | "
                << sample.texts[j];
          }
          if (a != b) {
            EXPECT_FALSE(b.starts_with(a)) << sample.texts[i] << " | " << sample.texts[j];
          }
        }
      }
    }
  }
}

TEST(KeyCodecTest, EqualValuesHashAlike) {
  for (const OrderedValues& sample : Samples()) {
    const Vector vector = Load(sample.type, sample.texts);
    std::vector<uint64_t> hashes(sample.texts.size());
    HashVector(vector, hashes.size(), hashes.data(), false);
    const EqualFunction equal = EqualFunctionOf(sample.type, vector.physical());
    const size_t width = PhysicalWidth(vector.physical());
    for (size_t i = 0; i < hashes.size(); ++i) {
      for (size_t j = 0; j < hashes.size(); ++j) {
        const bool same = CompareRows(vector, i, vector, j) == 0;
        EXPECT_EQ(same, hashes[i] == hashes[j])
            << FindType(sample.type)->name << ": " << sample.texts[i] << " | " << sample.texts[j];
        EXPECT_EQ(same, equal(vector.RawData() + i * width, vector.RawData() + j * width))
            << FindType(sample.type)->name << ": " << sample.texts[i] << " | " << sample.texts[j];
      }
    }
  }
}

TEST(KeyCodecTest, DecodingGivesAnEqualValue) {
  for (const OrderedValues& sample : Samples()) {
    const Vector vector = Load(sample.type, sample.texts);
    for (const bool descending : {false, true}) {
      const KeyColumn column({sample.type}, SortOrder{descending, true});
      for (size_t i = 0; i < sample.texts.size(); ++i) {
        std::string key;
        ASSERT_TRUE(AppendKey(column, vector, i, &key).ok());
        key += "tail";
        Vector out{SqlType{sample.type}};
        std::string_view rest = key;
        ASSERT_TRUE(DecodeKey(column, &rest, &out, 0).ok()) << sample.texts[i];
        EXPECT_EQ(rest, "tail");
        EXPECT_EQ(CompareRows(vector, i, out, 0), 0) << sample.texts[i];
        if (KeyKeepsValue(sample.type)) {
          EXPECT_TRUE(Value::FromVector(vector, i).SameAs(Value::FromVector(out, 0)))
              << sample.texts[i];
        }
        for (size_t length = 0; length + 4 < key.size(); ++length) {
          std::string_view cut = std::string_view(key).substr(0, length);
          EXPECT_TRUE(DecodeKey(column, &cut, &out, 0).Is(ErrorCode::kDataCorrupted));
        }
      }
    }
  }
}

// An array keeps the element's type that it was made with.
TEST(KeyCodecTest, RelabelledArraysHaveTheKeysOfTheirEquals) {
  const Vector varchars = Load(type_oid::kVarcharArray, {"{a,NULL}"});
  Vector texts = Load(type_oid::kTextArray, {"{a,NULL}"});
  texts.SetString(1, varchars.View(0));
  EXPECT_EQ(CompareRows(texts, 0, texts, 1), 0);
  const KeyColumn column({type_oid::kTextArray});
  std::string keys[2];
  for (size_t i = 0; i < 2; ++i) ASSERT_TRUE(AppendKey(column, texts, i, &keys[i]).ok());
  EXPECT_EQ(keys[0], keys[1]);
  Vector out{SqlType{type_oid::kVarcharArray}};
  std::string_view rest = keys[0];
  EXPECT_TRUE(DecodeKey(KeyColumn({type_oid::kVarcharArray}), &rest, &out, 0)
                  .Is(ErrorCode::kDataCorrupted));
}

// As pg_stats has them: arrays whose elements' types differ from row to row.
TEST(KeyCodecTest, AnyArraysHaveAnOrderButNoKeys) {
  const Vector ints = Load(type_oid::kInt4Array, {"{1}"});
  const Vector texts = Load(type_oid::kTextArray, {"{a}"});
  Vector any{SqlType{type_oid::kAnyArray}};
  any.SetString(0, ints.View(0));
  any.SetString(1, texts.View(0));
  EXPECT_LT(CompareRows(any, 0, any, 1), 0);
  EXPECT_GT(CompareRows(any, 1, any, 0), 0);
  std::string key;
  EXPECT_TRUE(
      AppendKey(KeyColumn({type_oid::kAnyArray}), any, 0, &key).Is(ErrorCode::kUndefinedObject));
}

// (number, text, nested (number)) of a composite type, which the type table does not know.
constexpr Oid kComposite = 20'000;

std::string Composite(std::optional<int32_t> number, const char* text, int32_t nested) {
  Vector numbers{SqlType{type_oid::kInt4}};
  Vector texts{SqlType{type_oid::kText}};
  Vector records{SqlType{kComposite + 1}, PhysicalType::kVarlen};
  RecordBuilder inner(1);
  numbers.Set<int32_t>(0, nested);
  inner.AddFrom(numbers, 0);
  records.SetString(0, std::move(inner).Finish());
  if (number) {
    numbers.Set<int32_t>(0, *number);
  } else {
    numbers.SetNull(0);
  }
  if (text != nullptr) {
    texts.SetString(0, text);
  } else {
    texts.SetNull(0);
  }
  RecordBuilder builder(3);
  builder.AddFrom(numbers, 0);
  builder.AddFrom(texts, 0);
  builder.AddFrom(records, 0);
  return std::move(builder).Finish();
}

TEST(KeyCodecTest, CompositesSortByTheirFields) {
  const std::vector<std::string> records = {
      Composite(-1, "a", 0), Composite(1, "", 0),   Composite(1, "a", 0),
      Composite(1, "a", 1),  Composite(1, "ab", 0), Composite(1, nullptr, 0),
      Composite(2, "a", 0),  Composite({}, "a", 0), Composite({}, nullptr, 0)};
  Vector vector{SqlType{kComposite}, PhysicalType::kVarlen};
  for (size_t i = 0; i < records.size(); ++i) vector.SetString(i, records[i]);
  const KeyColumn column({kComposite});
  std::string previous;
  for (size_t i = 0; i < records.size(); ++i) {
    std::string key;
    ASSERT_TRUE(AppendKey(column, vector, i, &key).ok());
    EXPECT_LT(previous, key) << i;
    if (i > 0) {
      EXPECT_LT(CompareRows(vector, i - 1, vector, i), 0) << i;
    }
    Vector out{SqlType{kComposite}, PhysicalType::kVarlen};
    std::string_view rest = key;
    ASSERT_TRUE(DecodeKey(column, &rest, &out, 0).ok());
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(out.View(0), records[i]);
    for (size_t length = 0; length < key.size(); ++length) {
      std::string_view cut = std::string_view(key).substr(0, length);
      EXPECT_TRUE(DecodeKey(column, &cut, &out, 0).Is(ErrorCode::kDataCorrupted));
    }
    previous = key;
  }
}

TEST(KeyCodecTest, RecordsWhereTheColumnHasArraysAreRefused) {
  std::string_view key("\x01\xff\xff\xff\xff\x00", 6);
  Vector out{SqlType{type_oid::kInt4Array}};
  EXPECT_TRUE(
      DecodeKey(KeyColumn({type_oid::kInt4Array}), &key, &out, 0).Is(ErrorCode::kDataCorrupted));
}

TEST(KeyCodecTest, KeysThatNestWithoutEndAreRefused) {
  std::string key = "\x01";
  for (int i = 0; i < 100'000; ++i) {
    key.append("\xff\xff\xff\xff\x01", 5);
    AppendBigEndian(&key, kComposite);
    key.push_back(static_cast<char>(PhysicalType::kVarlen));
  }
  std::string_view rest = key;
  Vector out{SqlType{kComposite}, PhysicalType::kVarlen};
  EXPECT_TRUE(DecodeKey(KeyColumn({kComposite}), &rest, &out, 0).Is(ErrorCode::kDataCorrupted));
}

TEST(KeyCodecTest, NullsStandWhereAsked) {
  Vector vector{SqlType{type_oid::kInt4}};
  vector.Set<int32_t>(0, INT32_MIN);
  vector.SetNull(1);
  for (const bool descending : {false, true}) {
    for (const bool nulls_first : {false, true}) {
      const KeyColumn column({type_oid::kInt4}, SortOrder{descending, nulls_first});
      std::string value;
      std::string null;
      ASSERT_TRUE(AppendKey(column, vector, 0, &value).ok());
      ASSERT_TRUE(AppendKey(column, vector, 1, &null).ok());
      EXPECT_EQ(null < value, nulls_first);
      std::string_view rest = null;
      Vector out{SqlType{type_oid::kInt4}};
      ASSERT_TRUE(DecodeKey(column, &rest, &out, 0).ok());
      EXPECT_TRUE(out.IsNull(0));
    }
  }
}

TEST(KeyCodecTest, RandomNumericsKeepTheirOrder) {
  std::mt19937_64 random(7);
  std::vector<Numeric> values;
  for (int i = 0; i < 300; ++i) {
    std::string digits(1 + random() % 60, '0');
    for (char& digit : digits) digit = static_cast<char>('0' + random() % 10);
    const auto scale = static_cast<int32_t>(random() % 70);
    values.push_back(Numeric::FromDigits(random() % 2 == 0, digits, scale));
  }
  const KeyColumn column({type_oid::kNumeric});
  for (const Numeric& left : values) {
    for (const Numeric& right : values) {
      std::string a;
      std::string b;
      ASSERT_TRUE(AppendKey(column, Value::Bytes({type_oid::kNumeric}, left.Encode()), &a).ok());
      ASSERT_TRUE(AppendKey(column, Value::Bytes({type_oid::kNumeric}, right.Encode()), &b).ok());
      const int by_value = Numeric::Compare(left, right);
      EXPECT_EQ(by_value < 0, a < b) << left.ToString() << " " << right.ToString();
      EXPECT_EQ(by_value == 0, a == b) << left.ToString() << " " << right.ToString();
      EXPECT_EQ(CompareNumericEncoded(left.Encode(), right.Encode()) < 0, by_value < 0);
    }
  }
}

TEST(KeyCodecTest, TypesWithoutOrderAreRefused) {
  std::string key;
  const Status status =
      AppendKey(KeyColumn({type_oid::kJson}), Value::Bytes({type_oid::kJson}, "{}"), &key);
  EXPECT_TRUE(status.Is(ErrorCode::kUndefinedObject));
}

TEST(KeyCodecTest, PrefixEndIsPastEveryKeyWithThePrefix) {
  EXPECT_EQ(KeyPrefixEnd("ab"), "ac");
  EXPECT_EQ(KeyPrefixEnd("a\xff"), "b");
  EXPECT_EQ(KeyPrefixEnd("\xff\xff"), "");
}

}  // namespace
}  // namespace helios
