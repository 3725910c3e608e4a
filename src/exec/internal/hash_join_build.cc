#include <algorithm>

#include "exec/internal/hash_join.h"
#include "types/compare.h"

namespace helios::exec {
namespace {

constexpr size_t kPartitionCount = 16;
// A partition that still does not fit is split again by other bits of the hash, this often.
constexpr int kDepthMax = 4;

}  // namespace

HashJoin::HashJoin(QueryState& query, const plan::JoinNode& node, OperatorPtr left,
                   std::shared_ptr<JoinBuild> build, ParallelGroup* group)
    : Operator(query, node),
      join_(node),
      left_(std::move(left)),
      build_(std::move(build)),
      group_(group),
      left_width_(node.children[0]->types.size()),
      right_width_(node.children[1]->types.size()) {
  const plan::Node& right = *node.children[1];
  std::vector<SqlType> types;
  std::vector<PhysicalType> physicals;
  right_map_.assign(right_width_, UINT32_MAX);
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const plan::JoinNode::Key& key = node.keys[i];
    left_keys_.Add(*key.left, query.eval);
    types.push_back(key.right->type);
    physicals.push_back(key.right->physical);
    null_safe_.push_back(key.null_safe);
    if (key.right->kind == expr::ExprKind::kColumn) {
      right_map_[expr::As<expr::ColumnExpr>(*key.right).index] = static_cast<uint32_t>(i);
    }
  }
  for (size_t c = 0; c < right_width_; ++c) {
    if (right_map_[c] != UINT32_MAX) continue;
    right_map_[c] = static_cast<uint32_t>(types.size());
    rest_.push_back(static_cast<uint32_t>(c));
    types.push_back(right.types[c]);
    physicals.push_back(PhysicalOf(right, c));
  }
  layout_ = std::make_shared<RowLayout>(types, physicals, 16, 1);
  matcher_.emplace(*layout_, null_safe_);
  if (node.condition != nullptr) condition_.emplace(*node.condition, query.eval);
  hashes_.resize(kVectorRowsMax);
  current_.resize(kVectorRowsMax);
  active_.resize(kVectorRowsMax);
  scratch_.resize(kVectorRowsMax);
  left_rows_.resize(kVectorRowsMax);
  right_rows_.resize(kVectorRowsMax);
}

bool HashJoin::KeepsNullKeys() const {
  switch (join_.join_type) {
    case JoinType::kRight:
    case JoinType::kFull:
      return true;
    // With one key and no condition a flag is enough.
    case JoinType::kMark:
      return join_.keys.size() > 1 || join_.condition != nullptr;
    case JoinType::kAnti:
      return join_.null_aware && (join_.keys.size() > 1 || join_.condition != nullptr);
    default:
      return false;
  }
}

bool HashJoin::MustNotSpill() const {
  // A row with a NULL key concerns left rows of every partition.
  return query_.context.spill == nullptr || join_.join_type == JoinType::kMark ||
         (join_.join_type == JoinType::kAnti && join_.null_aware);
}

bool HashJoin::IsOver(size_t bytes) const {
  return bytes > query_.context.operator_memory_bytes || query_.memory()->WouldExceed(bytes / 8);
}

std::unique_ptr<JoinTable> HashJoin::NewTable(size_t part_count) const {
  return std::make_unique<JoinTable>(query_, layout_, join_.keys.size(), null_safe_, part_count);
}

Status HashJoin::DoOpen() {
  input_ = Chunk();
  active_count_ = 0;
  left_done_ = false;
  pending_unmatched_ = false;
  right_part_ = right_block_ = right_row_ = 0;
  partitioned_ = false;
  own_table_.reset();
  tasks_.clear();
  probe_rows_.reset();
  table_ = nullptr;
  if (group_ == nullptr) build_->Reset();
  if (!build_->built) HELIOS_TRY(Build());
  table_ = build_->table.get();
  // Nothing to read on the left when no match can be.
  if (table_ != nullptr && !build_->saw_rows &&
      (join_.join_type == JoinType::kInner || join_.join_type == JoinType::kSemi ||
       join_.join_type == JoinType::kRight)) {
    left_done_ = true;
    return Status::Ok();
  }
  return left_->Open();
}

// The columns of a table row from a row of the right child.
Status HashJoin::MakeBuildChunk(Chunk& rows, Expressions& keys, Chunk* out) {
  HELIOS_TRY(keys.Evaluate(rows, out));
  for (uint32_t column : rest_) out->AddColumn(rows.column(column));
  return Status::Ok();
}

Status HashJoin::Build() {
  build_->built = true;
  build_->saw_rows = build_->has_null_key = false;
  Source& source = *build_->source;
  const size_t workers = source.worker_count();
  build_->table = NewTable(workers);
  JoinTable& table = *build_->table;
  std::vector<Expressions> keys(workers);
  for (Expressions& list : keys) {
    for (const plan::JoinNode::Key& key : join_.keys) list.Add(*key.right, query_.eval);
  }
  HELIOS_TRY(source.Open());
  const bool keep_null_keys = KeepsNullKeys();
  std::atomic<bool> full{false};
  std::mutex partition_mutex;
  HELIOS_TRY(source.ForEach([&](size_t worker, Chunk& rows) -> Status {
    Chunk chunk;
    HELIOS_TRY(MakeBuildChunk(rows, keys[worker], &chunk));
    if (full.load(std::memory_order_relaxed)) {
      std::lock_guard lock(partition_mutex);
      Chunk key_columns = chunk;
      key_columns.columns().resize(join_.keys.size());
      return SplitInto(chunk, key_columns, 0, &build_->partitions);
    }
    HELIOS_TRY(table.Append(worker, chunk, keep_null_keys));
    if (MustNotSpill() || !IsOver(table.part(worker).bytes() * workers)) return Status::Ok();
    std::lock_guard lock(partition_mutex);
    if (build_->partitions.empty()) build_->partitions = NewPartitions();
    full.store(true, std::memory_order_relaxed);
    return Status::Ok();
  }));
  build_->saw_rows = table.saw_rows() || full;
  build_->has_null_key = table.has_null_key();
  if (full) {
    if (group_ != nullptr) group_->first_only = true;
    return BuildPartitions();
  }
  HELIOS_TRY(table.Allocate());
  stats().memory_bytes = std::max(stats().memory_bytes, table.bytes());
  if (workers == 1) return table.Insert(0);
  return query_.context.workers->Run(workers, [&](size_t part) { return table.Insert(part); });
}

// Moves what the table holds to the partitions too.
Status HashJoin::BuildPartitions() {
  JoinTable& table = *build_->table;
  std::vector<const char*> rows;
  for (size_t part = 0; part < table.part_count(); ++part) {
    for (const RowStore::Block& block : table.part(part).blocks()) {
      for (size_t first = 0; first < block.row_count; first += kVectorRowsMax) {
        const size_t count = std::min(kVectorRowsMax, block.row_count - first);
        rows.resize(count);
        for (size_t i = 0; i < count; ++i) {
          rows[i] = block.bytes.get() + (first + i) * layout_->width;
        }
        Chunk chunk;
        for (size_t c = 0; c < layout_->columns.size(); ++c) {
          chunk.AddColumn(GatherColumn(*layout_, c, rows.data(), count, table.part(part).heaps()));
        }
        chunk.SetRowCount(count);
        Chunk keys = chunk;
        keys.columns().resize(join_.keys.size());
        HELIOS_TRY(SplitInto(chunk, keys, 0, &build_->partitions));
      }
    }
    table.part(part).Clear();
  }
  build_->table.reset();
  for (const auto& partition : build_->partitions) {
    stats().spilled_bytes += partition->spilled_bytes();
  }
  return Status::Ok();
}

std::vector<std::unique_ptr<ChunkBuffer>> HashJoin::NewPartitions() {
  std::vector<std::unique_ptr<ChunkBuffer>> partitions;
  for (size_t i = 0; i < kPartitionCount; ++i) {
    partitions.push_back(std::make_unique<ChunkBuffer>(query_.memory(), query_.context.spill, 0));
  }
  return partitions;
}

Status HashJoin::SplitInto(const Chunk& rows, const Chunk& keys, int depth,
                           std::vector<std::unique_ptr<ChunkBuffer>>* to) {
  const size_t count = rows.row_count();
  uint64_t hashes[kVectorRowsMax];
  for (size_t i = 0; i < keys.column_count(); ++i) {
    HashVector(keys.column(i), count, hashes, i > 0);
  }
  std::vector<std::shared_ptr<Selection>> selections(kPartitionCount);
  const int shift = 16 + 4 * depth;
  for (size_t row = 0; row < count; ++row) {
    std::shared_ptr<Selection>& selection = selections[hashes[row] >> shift & 15];
    if (selection == nullptr) selection = std::make_shared<Selection>();
    selection->push_back(static_cast<SelectionIndex>(row));
  }
  for (size_t p = 0; p < kPartitionCount; ++p) {
    if (selections[p] == nullptr) continue;
    Chunk part = rows;
    part.Slice(std::move(selections[p]));
    HELIOS_TRY((*to)[p]->Append(part));
  }
  return Status::Ok();
}

// Reads the whole left side and splits it as the build side was.
Status HashJoin::PartitionProbe() {
  std::vector<std::unique_ptr<ChunkBuffer>> probe = NewPartitions();
  Chunk rows;
  Chunk keys;
  while (true) {
    HELIOS_TRY(left_->Next(&rows));
    if (rows.row_count() == 0) break;
    HELIOS_TRY(left_keys_.Evaluate(rows, &keys));
    HELIOS_TRY(SplitInto(rows, keys, 0, &probe));
  }
  for (size_t p = 0; p < kPartitionCount; ++p) {
    stats().spilled_bytes += probe[p]->spilled_bytes();
    tasks_.push_back({std::move(build_->partitions[p]), std::move(probe[p]), 0});
  }
  build_->partitions.clear();
  partitioned_ = true;
  return Status::Ok();
}

// Loads the next partition's table; false when all are done.
Result<bool> HashJoin::NextPartition() {
  while (!tasks_.empty()) {
    PartitionTask task = std::move(tasks_.back());
    tasks_.pop_back();
    own_table_ = NewTable(1);
    ChunkBuffer::Cursor cursor;
    Chunk rows;
    bool split = false;
    while (!split) {
      HELIOS_TRY(task.build->Read(&cursor, &rows));
      if (rows.row_count() == 0) break;
      HELIOS_TRY(own_table_->Append(0, rows, KeepsNullKeys()));
      split = task.depth < kDepthMax && IsOver(own_table_->bytes());
    }
    if (split) {
      own_table_.reset();
      auto build = NewPartitions();
      auto probe = NewPartitions();
      Chunk keys;
      for (cursor = {};;) {
        HELIOS_TRY(task.build->Read(&cursor, &rows));
        if (rows.row_count() == 0) break;
        keys = rows;
        keys.columns().resize(join_.keys.size());
        HELIOS_TRY(SplitInto(rows, keys, task.depth + 1, &build));
      }
      for (cursor = {};;) {
        HELIOS_TRY(task.probe->Read(&cursor, &rows));
        if (rows.row_count() == 0) break;
        HELIOS_TRY(left_keys_.Evaluate(rows, &keys));
        HELIOS_TRY(SplitInto(rows, keys, task.depth + 1, &probe));
      }
      for (size_t p = 0; p < kPartitionCount; ++p) {
        tasks_.push_back({std::move(build[p]), std::move(probe[p]), task.depth + 1});
      }
      continue;
    }
    HELIOS_TRY(own_table_->Allocate());
    HELIOS_TRY(own_table_->Insert(0));
    table_ = own_table_.get();
    probe_rows_ = std::move(task.probe);
    probe_cursor_ = {};
    right_part_ = right_block_ = right_row_ = 0;
    left_done_ = false;
    return true;
  }
  return false;
}

Result<OperatorPtr> MakeHashJoin(QueryState& query, const plan::JoinNode& node, OperatorPtr left,
                                 ParallelGroup* group) {
  std::shared_ptr<JoinBuild> build =
      group != nullptr ? group->Share<JoinBuild>(node) : std::make_shared<JoinBuild>();
  if (build->source == nullptr) {
    HELIOS_TRY(build->source, Source::Make(query, *node.children[1], true));
  }
  return std::make_unique<HashJoin>(query, node, std::move(left), std::move(build), group);
}

}  // namespace helios::exec
