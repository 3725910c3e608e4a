#include "kv/internal/log_end.h"

#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>

#include <bit>
#include <numeric>

#include "base/check.h"
#include "base/codec.h"
#include "base/crc32c.h"
#include "sys/testing/temporary_directory.h"

namespace helios::kv {
namespace {

using State = LogEnd::State;

constexpr uint64_t kLog = 7;
constexpr size_t kBlock = 32 << 10;

// Writes a log as RocksDB does.
class LogEndTest : public testing::Test {
 protected:
  void AddRecord(uint8_t type, std::string_view payload) {
    const std::string checked = std::string(1, static_cast<char>(type)) + std::string(payload);
    AppendLittleEndian<uint32_t>(&log_, std::rotr(Crc32c(checked), 15) + 0xa282ead8);
    AppendLittleEndian<uint16_t>(&log_, payload.size());
    log_ += checked;
  }
  // A batch in as many records as it takes; returns where it begins.
  size_t AddBatch(std::string_view batch) {
    const size_t begin = log_.size();
    for (bool is_first = true, is_last = false; !is_last; is_first = false) {
      size_t room = kBlock - log_.size() % kBlock;
      if (room < 7) log_.append(std::exchange(room, kBlock), '\0');
      const std::string_view part = batch.substr(0, room - 7);
      batch.remove_prefix(part.size());
      is_last = batch.empty();
      AddRecord(is_first ? (is_last ? 1 : 2) : (is_last ? 4 : 3), part);
    }
    return begin;
  }
  // With a mark that says that so much was durable.
  size_t AddMarked(std::string value, uint64_t synced_bytes, uint64_t log_number = kLog) {
    rocksdb::WriteBatch batch;
    HELIOS_CHECK(batch.Put("key", value).ok());
    HELIOS_CHECK(batch.PutLogData(EncodeLogMark({log_number, synced_bytes})).ok());
    return AddBatch(batch.Data());
  }
  void Lose(size_t begin, size_t end) { log_.replace(begin, end - begin, end - begin, '\0'); }
  void Flip(size_t at) { log_[at] = static_cast<char>(log_[at] ^ 0x55); }
  void FillUp() { log_.append(100'000, '\0'); }

  LogEnd Find() {
    auto file = sys::File::Create(directory_.path() + "/000007.log");
    HELIOS_CHECK(file.ok() && (*file)->Append(log_).ok());
    Result<LogEnd> end = FindLogEnd(**file, kLog);
    HELIOS_CHECK(end.ok());
    return *end;
  }
  void Expect(State state, size_t whole_bytes) {
    const LogEnd end = Find();
    EXPECT_EQ(static_cast<int>(end.state), static_cast<int>(state));
    EXPECT_EQ(end.whole_bytes, whole_bytes);
  }

  const sys::TemporaryDirectory directory_;
  std::string log_;
  const std::string value_ = std::string(3000, 'v');
  const std::string large_ = std::string(100'000, 'w');
};

TEST_F(LogEndTest, Marks) {
  rocksdb::WriteBatch batch;
  const size_t before = batch.GetDataSize();
  ASSERT_TRUE(batch.PutLogData(EncodeLogMark({1, uint64_t{1} << 40})).ok());
  EXPECT_EQ(batch.GetDataSize() - before, kLogMarkBytes);
  const std::optional<LogMark> mark = DecodeLogMark(batch.Data());
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->log_number, 1u);
  EXPECT_EQ(mark->synced_bytes, uint64_t{1} << 40);
  EXPECT_FALSE(DecodeLogMark("").has_value());
  EXPECT_FALSE(DecodeLogMark(std::string(100, '\x03')).has_value());
  EXPECT_EQ(LogNumber("/kv/000123.log"), 123u);
  EXPECT_FALSE(LogNumber("/kv/LOG").has_value());
  EXPECT_FALSE(LogNumber("/kv/x1.log").has_value());
}

TEST_F(LogEndTest, WholeLogs) {
  Expect(State::kWhole, 0);
  AddBatch("without a mark");
  AddMarked(large_, 0);
  AddMarked(value_, 0);
  Expect(State::kWhole, log_.size());
}

TEST_F(LogEndTest, PartsAreEmptyAtTheEndOfABlock) {
  AddBatch(std::string(kBlock - 7 - 7, 'x'));
  AddBatch(std::string(100, 'y'));
  EXPECT_EQ(log_[kBlock - 1], 2) << "a first part of no bytes";
  Expect(State::kWhole, log_.size());
}

TEST_F(LogEndTest, ZerosAreNotPartOfALog) {
  FillUp();
  Expect(State::kZeros, 0);
  log_.clear();
  AddMarked(large_, 0);
  AddMarked(std::string(5000, '\0'), 0);
  const size_t end = log_.size();
  FillUp();
  Expect(State::kZeros, end);
}

// As files without zeros end: RocksDB knows what to do.
TEST_F(LogEndTest, RecordsThatTheEndCutsOff) {
  AddMarked(value_, 0);
  const size_t last = AddMarked(value_, 0);
  const std::string whole = log_;
  for (size_t size = last + 1; size < whole.size(); ++size) {
    log_ = whole.substr(0, size);
    const LogEnd end = Find();
    EXPECT_TRUE(end.state == State::kWhole || end.state == State::kIncomplete) << size;
    EXPECT_EQ(end.whole_bytes, last);
  }
}

TEST_F(LogEndTest, ARecordOfWhichTheDiskHasSomeSectors) {
  for (const std::string& value : {value_, large_}) {
    log_.clear();
    AddMarked(value_, 0);
    const size_t last = AddMarked(value, 0);
    const size_t end = log_.size();
    FillUp();
    const std::string whole = log_;
    Expect(State::kZeros, end);
    for (size_t sector = last / 512; sector * 512 < end; ++sector) {
      log_ = whole;
      Lose(std::max(last, sector * 512), std::min(end, sector * 512 + 512));
      Expect(State::kIncomplete, last);
      log_ = whole;
      Lose(std::max(last, sector * 512), end);
      const LogEnd found = Find();
      EXPECT_TRUE(found.state == State::kIncomplete || found.state == State::kZeros) << sector;
      EXPECT_EQ(found.whole_bytes, last);
    }
  }
}

// An append that failed, or a process that was killed within one, stops anywhere.
TEST_F(LogEndTest, ARecordThatStopsAnywhere) {
  AddMarked(value_, 0);
  const size_t last = AddMarked(std::string(600, 'x'), 0);
  const size_t end = log_.size();
  FillUp();
  const std::string whole = log_;
  for (size_t at = last; at < end; ++at) {
    log_ = whole;
    Lose(at, end);
    const LogEnd found = Find();
    EXPECT_TRUE(found.state == State::kIncomplete || found.state == State::kZeros) << at;
    EXPECT_EQ(found.whole_bytes, last);
  }
}

// Nothing of it was acknowledged: all of it was written since the last sync.
TEST_F(LogEndTest, AHoleBeforeWholeRecords) {
  const size_t first = AddMarked(value_, 0);
  const size_t lost = AddMarked(large_, log_.size());
  const size_t kept = AddMarked(value_, lost);
  AddMarked(large_, lost);
  AddMarked(value_, lost);
  FillUp();
  const std::string whole = log_;
  for (size_t page = lost / 4096 + 1; page <= kept / 4096; ++page) {
    log_ = whole;
    Lose(page * 4096, std::min(kept, page * 4096 + 4096));
    Expect(State::kIncomplete, lost);
  }
  EXPECT_EQ(first, 0u);
}

TEST_F(LogEndTest, WhatWasDurableIsDamagedNotLost) {
  AddMarked(value_, 0);
  const size_t lost = AddMarked(large_, log_.size());
  const size_t durable = log_.size();
  AddMarked(value_, lost);
  const size_t last = AddMarked(value_, durable);
  FillUp();
  const std::string whole = log_;
  for (size_t at = lost; at < durable; at += 997) {
    log_ = whole;
    Flip(at);
    Expect(State::kDamaged, lost);
  }
  for (size_t at = lost; at < lost + 7; ++at) {
    log_ = whole;
    Flip(at);
    Expect(State::kDamaged, lost);
  }
  log_ = whole;
  Lose(lost, durable);
  Expect(State::kDamaged, lost);
  // Nothing says that the last one was durable, but no sector of it looks as before the write.
  log_ = whole;
  Flip(last + 1000);
  Expect(State::kUnclear, last);
}

// Marks of another log say nothing of this one.
TEST_F(LogEndTest, MarksOfAnotherLog) {
  const size_t lost = AddMarked(value_, 0);
  AddMarked(value_, 1'000'000, kLog - 1);
  FillUp();
  Lose(lost, 4000);
  Expect(State::kIncomplete, 0);
}

// Logs from before there were marks: RocksDB decides as it did.
TEST_F(LogEndTest, WithoutMarks) {
  AddBatch(value_);
  const size_t second = AddBatch(value_);
  AddBatch(value_);
  const std::string whole = log_;
  Flip(second + 100);
  Expect(State::kUnclear, second);
  log_ = whole;
  Lose(second, second + 2000);
  Expect(State::kUnclear, second);
  log_ = whole;
  Flip(log_.size() - 1);
  EXPECT_EQ(static_cast<int>(Find().state), static_cast<int>(State::kUnclear));
}

}  // namespace
}  // namespace helios::kv
