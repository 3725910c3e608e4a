#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "hidb/storage_service.h"
#include "storage/node.h"
#include "sys/testing/temporary_directory.h"
#include "types/row_codec.h"

namespace helios::storage {

inline constexpr hidb::SpaceId kTableSpace = 20'000;
inline constexpr hidb::SpaceId kIndexSpace = 20'001;
inline constexpr hidb::CommandId kAllCommands = ~hidb::CommandId{0};

inline NodeOptions TestOptions(const std::string& directory) {
  NodeOptions options;
  options.directory = directory;
  options.memory_bytes = 32 << 20;
  options.background_maintenance = false;
  options.reserved_disk_bytes = 0;
  return options;
}

// A table (id int4, name text) by a two-letter key, with an index on name.
inline std::shared_ptr<const hidb::TableLayout> TestTable() {
  auto table = std::make_shared<hidb::TableLayout>();
  table->space = kTableSpace;
  table->columns.push_back({1, {type_oid::kInt4}, PhysicalType::kInt32, std::nullopt});
  table->columns.push_back({2, {type_oid::kText}, PhysicalType::kVarlen, std::nullopt});
  return table;
}

inline std::shared_ptr<const hidb::IndexLayout> TestIndex() {
  auto index = std::make_shared<hidb::IndexLayout>();
  index->space = kIndexSpace;
  return index;
}

inline std::string EncodeRow(int32_t id, const std::string& name) {
  RowEncoder encoder({1, 2});
  const std::vector<Value> values = {Value::Int4(id), Value::Text(name)};
  std::string row;
  encoder.Encode(values, &row);
  return row;
}

// What tests do with a node, in short.
class TestSession {
 public:
  explicit TestSession(Node& node)
      : node_(node), writes_(std::make_unique<hidb::WriteSet>(&tracker_)) {}

  hidb::WriteSet& writes() { return *writes_; }
  TxnId txn() {
    if (!txn_.valid()) txn_ = node_.BeginTransaction();
    return txn_;
  }
  Status Put(const std::string& key, int32_t id, const std::string& name,
             hidb::CommandId command = 1) {
    txn();
    return writes_->Put(kTableSpace, key, EncodeRow(id, name), command);
  }
  Status Delete(const std::string& key, hidb::CommandId command = 1) {
    txn();
    return writes_->Delete(kTableSpace, key, command);
  }
  Status PutEntry(const std::string& parts, const std::string& row_key,
                  hidb::CommandId command = 1) {
    std::string value;
    AppendVarint(&value, parts.size());
    return writes_->Put(kIndexSpace, parts + row_key, value, command);
  }
  Result<Timestamp> Commit(bool durable = true) {
    hidb::CommitRequest request;
    request.txn = txn();
    request.writes = writes_.get();
    request.durable = durable;
    auto result = node_.Commit(request);
    if (!result.ok()) node_.Abort(txn_);
    Reset();
    return result;
  }
  void Abort() {
    node_.Abort(txn());
    Reset();
  }
  hidb::ReadView View(Timestamp timestamp = kTimestampMax,
                      hidb::CommandId before = kAllCommands) const {
    return {timestamp, writes_.get(), before};
  }

 private:
  void Reset() {
    writes_ = std::make_unique<hidb::WriteSet>(&tracker_);
    txn_ = TxnId();
  }
  Node& node_;
  MemoryTracker tracker_{"test", 0};
  std::unique_ptr<hidb::WriteSet> writes_;
  TxnId txn_;
};

// "key:id:name" of every row that a scan returns, or the error.
inline std::vector<std::string> ScanAll(Node& node, hidb::ScanRequest request) {
  request.columns = {0, 1};
  request.with_row_key = true;
  auto stream = node.Scan(std::move(request));
  if (!stream.ok()) return {stream.status().ToString()};
  std::vector<std::string> rows;
  while (true) {
    Chunk chunk;
    if (Status status = (*stream)->Next(&chunk); !status.ok()) return {status.ToString()};
    if (chunk.row_count() == 0) return rows;
    for (size_t row = 0; row < chunk.row_count(); ++row) {
      rows.push_back(std::string(chunk.column(2).View(row)) + ":" +
                     std::to_string(chunk.column(0).At<int32_t>(row)) + ":" +
                     std::string(chunk.column(1).View(row)));
    }
  }
}

inline hidb::ScanRequest TableScan(const hidb::ReadView& view, bool reverse = false,
                                   std::vector<hidb::KeyRange> ranges = {{}}) {
  hidb::ScanRequest request;
  request.table = TestTable();
  request.ranges = std::move(ranges);
  request.reverse = reverse;
  request.view = view;
  return request;
}

inline hidb::ScanRequest IndexScan(const hidb::ReadView& view, bool reverse = false,
                                   std::vector<hidb::KeyRange> ranges = {{}}) {
  hidb::ScanRequest request = TableScan(view, reverse, std::move(ranges));
  request.index = TestIndex();
  return request;
}

}  // namespace helios::storage
