#include "sys/metrics.h"

#include <gtest/gtest.h>

#include "sys/clock.h"
#include "sys/files.h"
#include "sys/log.h"
#include "sys/machine.h"

namespace helios::sys {
namespace {

TEST(Metrics, Exposition) {
  MetricsRegistry registry;
  registry.AddCounter("c_total", "Counts", {{"kind", "a\"b\\c\nd"}}).Add(3);
  registry.AddCounter("c_total", "Counts", {{"kind", "other"}}).Add();
  EXPECT_EQ(&registry.AddGauge("g", "Goes"), &registry.AddGauge("g", "Goes"));
  registry.AddGauge("g", "Goes").Set(-2);
  const int owner = 0;
  registry.AddCallback("k", "Kept elsewhere", &owner, [] { return 1.5; });
  EXPECT_EQ(registry.Expose(),
            "# HELP c_total Counts\n# TYPE c_total counter\n"
            "c_total{kind=\"a\\\"b\\\\c\\nd\"} 3\nc_total{kind=\"other\"} 1\n"
            "# HELP g Goes\n# TYPE g gauge\ng -2\n"
            "# HELP k Kept elsewhere\n# TYPE k gauge\nk 1.5\n");
  registry.RemoveCallbacks(&owner);
  EXPECT_EQ(registry.Expose().find("1.5"), std::string::npos);
}

TEST(Metrics, HistogramBuckets) {
  MetricsRegistry registry;
  Histogram& histogram = registry.AddHistogram("h_seconds", "Took");
  for (const int64_t us : {-1L, 0L, 1L, 2L, 3L, 4L, 1L << 26, (1L << 26) + 1, 1L << 40}) {
    histogram.ObserveMicros(us);
  }
  EXPECT_EQ(histogram.count(), 9u);
  const std::string text = registry.Expose();
  EXPECT_NE(text.find("h_seconds_bucket{le=\"1e-06\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_seconds_bucket{le=\"2e-06\"} 4\n"), std::string::npos);
  EXPECT_NE(text.find("h_seconds_bucket{le=\"4e-06\"} 6\n"), std::string::npos);
  EXPECT_NE(text.find("h_seconds_bucket{le=\"67.108864\"} 7\n"), std::string::npos);
  EXPECT_NE(text.find("h_seconds_bucket{le=\"+Inf\"} 9\n"), std::string::npos);
  EXPECT_NE(text.find("h_seconds_count 9\n"), std::string::npos);
}

TEST(Log, LinesCannotBeForged) {
  const std::string path = "/tmp/helios_log_test_" + std::to_string(ProcessId());
  ASSERT_TRUE(ConfigureLog({.level = LogLevel::kWarning, .file = path}).ok());
  Log(LogLevel::kInfo, "not logged");
  Log(LogLevel::kWarning, "two\nlines", {{"user", "a b\"\n"}, {"count", 3}, {"plain", "x"}});
  ASSERT_TRUE(ConfigureLog({.json = true, .file = path}).ok());
  Log(LogLevel::kError, "a \"b\"", {{"user", "\n"}, {"count", 3}});
  FlushLog();
  const std::string text = ReadFile(path).value();
  ASSERT_TRUE(ConfigureLog({}).ok());
  ASSERT_TRUE(RemoveFile(path).ok());
  EXPECT_EQ(text.find("not logged"), std::string::npos);
  EXPECT_NE(text.find("WARNING two lines user=\"a b\\\"\\u000a\" count=3 plain=x\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          "\"level\":\"ERROR\",\"message\":\"a \\\"b\\\"\",\"user\":\"\\u000a\",\"count\":3}\n"),
      std::string::npos)
      << text;
  EXPECT_FALSE(ConfigureLog({.file = "/proc/none/log"}).ok());
}

TEST(Clock, ManualClockMovesWhenTold) {
  ManualClock clock(5);
  EXPECT_EQ(clock.MonotonicMicros(), 0);
  clock.Advance(7);
  EXPECT_EQ(clock.MonotonicMicros(), 7);
  EXPECT_EQ(clock.UnixMicros(), 12);
  const int64_t before = SystemClock().MonotonicMicros();
  EXPECT_LE(before, SystemClock().MonotonicMicros());
}

}  // namespace
}  // namespace helios::sys
