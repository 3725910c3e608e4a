// Functions on numerics, dates, templates and jsonb against what PostgreSQL 15 answered
// (testing/call_cases.def).

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <map>

#include "types/datetime_fields.h"
#include "types/format.h"
#include "types/io.h"
#include "types/json.h"
#include "types/numeric.h"
#include "types/time/zone.h"

namespace helios {
namespace {

struct Call {
  std::string_view zone;
  std::string_view expected;
  std::array<const char*, 8> words;  // Name and arguments.

  std::vector<std::string> Words() const {
    return {words.begin(), std::find(words.begin(), words.end(), nullptr)};
  }
};

// Constants, which need no code: a sanitizer's build of this many strings takes minutes.
constexpr Call kCalls[] = {
#define HELIOS_CALL(zone, expected, ...) {zone, expected, {__VA_ARGS__}},
#include "types/testing/call_cases.def"
#undef HELIOS_CALL
};

// The arguments of one call, read as the types that its function takes.
class Arguments {
 public:
  Arguments(const std::vector<std::string>& words, const TimeZone& zone)
      : words_(words), zone_(zone) {
    context_.zone = &zone;
  }
  const std::string& Text(size_t i) const { return words_[i]; }
  Numeric Num(size_t i) const { return Numeric::Parse(words_[i]).value(); }
  int32_t Int(size_t i) const { return std::atoi(words_[i].c_str()); }
  double Float(size_t i) const { return ParseFloat64(words_[i]).value(); }
  int64_t Ts(size_t i) const { return ParseTimestamp(words_[i], context_).value(); }
  int64_t Tz(size_t i) const { return ParseTimestamptz(words_[i], context_).value(); }
  int32_t Date(size_t i) const { return ParseDate(words_[i], context_).value(); }
  int64_t Time(size_t i) const { return ParseTime(words_[i], context_).value(); }
  TimeTz Ttz(size_t i) const { return ParseTimeTz(words_[i], context_).value(); }
  Interval Iv(size_t i) const {
    return ParseInterval(words_[i], -1, IntervalStyle::kPostgres).value();
  }
  std::string Json(size_t i) const { return ParseJsonb(words_[i]).value(); }
  std::vector<std::string> Path(size_t i) const {
    std::vector<std::string> path;
    std::string_view rest = words_[i];
    while (!rest.empty()) {
      const size_t comma = rest.find(',');
      path.emplace_back(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return path;
  }
  const TimeZone& zone() const { return zone_; }

 private:
  const std::vector<std::string>& words_;
  const TimeZone& zone_;
  DateTimeContext context_;
};

std::string ErrorText(const Status& status) {
  return fmt::format("{} {}", SqlState(status.code()), status.info().message);
}
std::string Show(const Result<Numeric>& result) {
  return result.ok() ? result.value().ToString() : ErrorText(result.status());
}
std::string Show(const Result<std::string>& result) {
  return result.ok() ? *result : ErrorText(result.status());
}
std::string Show(const Result<Interval>& result) {
  if (!result.ok()) return ErrorText(result.status());
  std::string out;
  FormatInterval(*result, IntervalStyle::kPostgres, &out);
  return out;
}
std::string Show(const Result<ExtractedField>& result) {
  if (!result.ok()) return ErrorText(result.status());
  const ExtractedField& field = result.value();
  return field.kind == ExtractedField::Kind::kNull ? "" : field.ToNumeric().ToString();
}
std::string ShowInt(const Result<int64_t>& result) {
  return result.ok() ? std::to_string(*result) : ErrorText(result.status());
}
std::string ShowTs(const Result<int64_t>& result) {
  if (!result.ok()) return ErrorText(result.status());
  std::string out;
  FormatTimestamp(*result, DateStyle::kIso, DateOrder::kMdy, &out);
  return out;
}
std::string ShowTz(const Result<int64_t>& result, const TimeZone& zone) {
  if (!result.ok()) return ErrorText(result.status());
  std::string out;
  FormatTimestamptz(*result, DateStyle::kIso, DateOrder::kMdy, zone, &out);
  return out;
}
std::string ShowDate(const Result<int32_t>& result) {
  if (!result.ok()) return ErrorText(result.status());
  std::string out;
  FormatDate(*result, DateStyle::kIso, DateOrder::kMdy, &out);
  return out;
}
std::string ShowBool(bool value) { return value ? "t" : "f"; }

using Function = std::function<std::string(const Arguments&)>;
using Functions = std::map<std::string, Function, std::less<>>;
using A = Arguments;

void AddNumericFunctions(Functions* out) {
  Functions& f = *out;
  f["add"] = [](const A& a) { return Show(Numeric::Add(a.Num(1), a.Num(2))); };
  f["sub"] = [](const A& a) { return Show(Numeric::Subtract(a.Num(1), a.Num(2))); };
  f["mul"] = [](const A& a) { return Show(Numeric::Multiply(a.Num(1), a.Num(2))); };
  f["div"] = [](const A& a) { return Show(Numeric::Divide(a.Num(1), a.Num(2))); };
  f["idiv"] = [](const A& a) { return Show(Numeric::DivideTruncated(a.Num(1), a.Num(2))); };
  f["mod"] = [](const A& a) { return Show(Numeric::Modulo(a.Num(1), a.Num(2))); };
  f["pow"] = [](const A& a) { return Show(Numeric::Power(a.Num(1), a.Num(2))); };
  f["log2"] = [](const A& a) { return Show(Numeric::Log(a.Num(1), a.Num(2))); };
  f["gcd"] = [](const A& a) { return Show(Numeric::Gcd(a.Num(1), a.Num(2))); };
  f["lcm"] = [](const A& a) { return Show(Numeric::Lcm(a.Num(1), a.Num(2))); };
  f["sqrt"] = [](const A& a) { return Show(a.Num(1).Sqrt()); };
  f["exp"] = [](const A& a) { return Show(a.Num(1).Exp()); };
  f["ln"] = [](const A& a) { return Show(a.Num(1).Ln()); };
  f["round"] = [](const A& a) { return a.Num(1).Round(a.Int(2)).ToString(); };
  f["trunc"] = [](const A& a) { return a.Num(1).Truncate(a.Int(2)).ToString(); };
  f["ceil"] = [](const A& a) { return a.Num(1).Ceil().ToString(); };
  f["floor"] = [](const A& a) { return a.Num(1).Floor().ToString(); };
  f["fact"] = [](const A& a) { return Show(Numeric::Factorial(a.Int(1))); };
  f["int8"] = [](const A& a) { return ShowInt(a.Num(1).ToInt64()); };
  f["wb"] = [](const A& a) {
    const Result<int32_t> bucket = Numeric::WidthBucket(a.Num(1), a.Num(2), a.Num(3), a.Int(4));
    return bucket.ok() ? std::to_string(*bucket) : ErrorText(bucket.status());
  };
  f["float8"] = [](const A& a) {
    std::string text;
    FormatFloat64(a.Num(1).ToDouble(), 1, &text);
    return text;
  };
  f["fromfloat8"] = [](const A& a) { return Numeric::FromDouble(a.Float(1)).ToString(); };
}

void AddTemplateFunctions(Functions* out) {
  Functions& f = *out;
  f["nchar"] = [](const A& a) { return Show(NumericToChar(a.Num(1), a.Text(2))); };
  f["fchar"] = [](const A& a) { return Show(DoubleToChar(a.Float(1), a.Text(2), 15)); };
  f["tonum"] = [](const A& a) { return Show(ToNumber(a.Text(1), a.Text(2))); };
  f["tchar"] = [](const A& a) { return Show(TimestampToChar(a.Ts(1), a.Text(2))); };
  f["tzchar"] = [](const A& a) { return Show(TimestamptzToChar(a.Tz(1), a.Text(2), a.zone())); };
  f["ichar"] = [](const A& a) { return Show(IntervalToChar(a.Iv(1), a.Text(2))); };
  f["tots"] = [](const A& a) {
    return ShowTz(ToTimestamp(a.Text(1), a.Text(2), a.zone()), a.zone());
  };
  f["todate"] = [](const A& a) { return ShowDate(ToDate(a.Text(1), a.Text(2))); };
}

void AddDateTimeFunctions(Functions* out) {
  Functions& f = *out;
  f["exts"] = [](const A& a) { return Show(ExtractFromTimestamp(a.Text(1), a.Ts(2))); };
  f["extz"] = [](const A& a) { return Show(ExtractFromTimestamptz(a.Text(1), a.Tz(2), a.zone())); };
  f["exd"] = [](const A& a) { return Show(ExtractFromDate(a.Text(1), a.Date(2))); };
  f["exi"] = [](const A& a) { return Show(ExtractFromInterval(a.Text(1), a.Iv(2))); };
  f["ext"] = [](const A& a) { return Show(ExtractFromTime(a.Text(1), a.Time(2))); };
  f["exttz"] = [](const A& a) { return Show(ExtractFromTimeTz(a.Text(1), a.Ttz(2))); };
  f["trts"] = [](const A& a) { return ShowTs(TruncateTimestamp(a.Text(1), a.Ts(2))); };
  f["trtz"] = [](const A& a) {
    return ShowTz(TruncateTimestamptz(a.Text(1), a.Tz(2), a.zone()), a.zone());
  };
  f["tri"] = [](const A& a) { return Show(TruncateInterval(a.Text(1), a.Iv(2))); };
  f["bin"] = [](const A& a) { return ShowTs(BinTimestamp(a.Iv(1), a.Ts(2), a.Ts(3))); };
  f["age"] = [](const A& a) { return Show(Age(a.Ts(1), a.Ts(2))); };
  f["tsi"] = [](const A& a) { return ShowTs(AddInterval(a.Ts(1), a.Iv(2))); };
  f["tzi"] = [](const A& a) {
    return ShowTz(AddIntervalZoned(a.Tz(1), a.Iv(2), a.zone()), a.zone());
  };
  f["tsub"] = [](const A& a) { return Show(SubtractTimestamps(a.Ts(1), a.Ts(2))); };
  f["imul"] = [](const A& a) { return Show(MultiplyInterval(a.Iv(1), a.Float(2))); };
  f["idivf"] = [](const A& a) { return Show(DivideInterval(a.Iv(1), a.Float(2))); };
  f["jh"] = [](const A& a) { return Show(JustifyHours(a.Iv(1))); };
  f["jd"] = [](const A& a) { return Show(JustifyDays(a.Iv(1))); };
  f["ji"] = [](const A& a) { return Show(JustifyInterval(a.Iv(1))); };
  f["mkd"] = [](const A& a) { return ShowDate(MakeDate(a.Int(1), a.Int(2), a.Int(3))); };
  f["mkts"] = [](const A& a) {
    return ShowTs(MakeTimestamp(a.Int(1), a.Int(2), a.Int(3), a.Int(4), a.Int(5), a.Float(6)));
  };
}

void AddJsonFunctions(Functions* out) {
  Functions& f = *out;
  f["jset"] = [](const A& a) { return Show(JsonbSet(a.Json(1), a.Path(2), a.Json(3), true)); };
  f["jset0"] = [](const A& a) { return Show(JsonbSet(a.Json(1), a.Path(2), a.Json(3), false)); };
  f["jins"] = [](const A& a) { return Show(JsonbInsert(a.Json(1), a.Path(2), a.Json(3), false)); };
  f["jinsa"] = [](const A& a) { return Show(JsonbInsert(a.Json(1), a.Path(2), a.Json(3), true)); };
  f["jcat"] = [](const A& a) { return Show(JsonbConcat(a.Json(1), a.Json(2))); };
  f["jdelk"] = [](const A& a) { return Show(JsonbDeleteKey(a.Json(1), a.Text(2))); };
  f["jdeli"] = [](const A& a) { return Show(JsonbDeleteIndex(a.Json(1), a.Int(2))); };
  f["jdelp"] = [](const A& a) { return Show(JsonbDeletePath(a.Json(1), a.Path(2))); };
  f["jcont"] = [](const A& a) { return ShowBool(JsonbContains(a.Json(1), a.Json(2))); };
  f["jcmp"] = [](const A& a) {
    const int order = CompareJsonb(a.Json(1), a.Json(2));
    if (order == 0) {
      EXPECT_EQ(HashJsonb(a.Json(1)), HashJsonb(a.Json(2)));
    }
    return std::to_string(order < 0 ? -1 : (order > 0 ? 1 : 0));
  };
  f["jex"] = [](const A& a) { return ShowBool(JsonbExists(a.Json(1), a.Text(2))); };
  f["jpath"] = [](const A& a) {
    const std::string json = a.Json(1);
    const std::optional<std::string_view> found = JsonPath(json, a.Path(2));
    return std::string(found.value_or(""));
  };
  f["jpretty"] = [](const A& a) {
    std::string text = JsonbPretty(a.Json(1));
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos;)
      text.replace(at, 1, "\\n");
    return text;
  };
  f["jstrip"] = [](const A& a) { return JsonbStripNulls(a.Json(1)); };
}

TEST(CallTest, FunctionsAnswerAsPostgres) {
  Functions functions;
  AddNumericFunctions(&functions);
  AddTemplateFunctions(&functions);
  AddDateTimeFunctions(&functions);
  AddJsonFunctions(&functions);
  for (const Call& call : kCalls) {
    const std::vector<std::string> words = call.Words();
    const auto function = functions.find(words[0]);
    ASSERT_NE(function, functions.end()) << words[0];
    const TimeZone* zone = TimeZone::Find(call.zone);
    ASSERT_NE(zone, nullptr);
    std::string shown = words[0];
    for (size_t i = 1; i < words.size(); ++i) shown += " | " + words[i];
    EXPECT_EQ(function->second(Arguments(words, *zone)), call.expected) << shown;
  }
}

}  // namespace
}  // namespace helios
