// Loading: the last block of each name is mapped in place, then checked against what the others
// say, so that nothing that a search, an insert or a repair reads leads out of the index.
//
// What was not in at the moment of the save (hnsw_save.cc) is taken out: links to it are cut, its
// rows emptied. A list that is changed by that counts as changed since the save.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "ann/internal/block_format.h"
#include "ann/internal/hnsw_impl.h"
#include "base/check.h"

namespace helios::ann {
namespace {

using internal::Block;
using internal::BlockKind;
using internal::BlockName;
using internal::ChunkedRows;
using internal::CorruptBlock;
using internal::Graph;
using internal::kChunkRows;
using internal::kNoOrdinal;
using internal::kWordBits;
using internal::RootRecord;

// Costs outside of it are no measurements; within it no estimate overflows.
constexpr double kCostMin = 1e-2;
constexpr double kCostMax = 1e6;
constexpr uint32_t kPrefetchDistanceMax = 64;

uint32_t ChunksFor(uint32_t row_count) { return (row_count + kChunkRows - 1) / kChunkRows; }
uint32_t WordsFor(uint32_t ordinal_count) { return (ordinal_count + kWordBits - 1) / kWordBits; }

Status CorruptRow(BlockKind kind, uint32_t row, std::string_view what) {
  return CorruptBlock(BlockName(kind, row / kChunkRows), what);
}

// What must be the same in all streams of an index.
bool AreOfOneIndex(const RootRecord& left, const RootRecord& right) {
  return left.dimension_count == right.dimension_count && left.m == right.m &&
         left.ef_construction == right.ef_construction && left.seed == right.seed &&
         left.element_type == right.element_type && left.metric == right.metric &&
         left.codes == right.codes;
}

Result<HnswOptions> OptionsOf(const RootRecord& root) {
  if (root.element_type > static_cast<uint8_t>(ElementType::kSparse) ||
      root.metric > static_cast<uint8_t>(Metric::kJaccard) ||
      root.codes > static_cast<uint8_t>(CodeKind::kBfloat16)) {
    return CorruptBlock("root", "unknown type of vector, metric or code");
  }
  const HnswOptions options{
      .shape = {static_cast<ElementType>(root.element_type), root.dimension_count},
      .metric = static_cast<Metric>(root.metric),
      .m = root.m,
      .ef_construction = root.ef_construction,
      .codes = static_cast<CodeKind>(root.codes),
      .seed = root.seed};
  const Status checked = CheckOptions(options);
  if (!checked.ok()) return CorruptBlock("root", checked.info().message);
  return options;
}

Status CheckRoot(const RootRecord& root) {
  if (root.ordinal_count > root.link_bound || root.link_bound > internal::kOrdinalCountMax) {
    return CorruptBlock(
        "root", fmt::format("{} ordinals, links up to {}", root.ordinal_count, root.link_bound));
  }
  // Each node has at most kLevelMax rows, and rows that nodes of one size have left are used again.
  const uint64_t upper_max =
      uint64_t{root.ordinal_count} * internal::kLevelMax * internal::kLevelMax;
  if (root.upper_count > std::min<uint64_t>(upper_max, internal::kOrdinalCountMax)) {
    return CorruptBlock("root", fmt::format("{} rows of upper links for {} ordinals",
                                            root.upper_count, root.ordinal_count));
  }
  if (root.entry != kNoOrdinal && root.entry >= root.link_bound) {
    return CorruptBlock("root",
                        fmt::format("entry {} is not below {}", root.entry, root.link_bound));
  }
  if (std::ranges::any_of(root.costs, [](double cost) { return !std::isfinite(cost); })) {
    return CorruptBlock("root", "a cost is not a number");
  }
  if (root.is_trained > 1) return CorruptBlock("root", "flags are unknown");
  return Status::Ok();
}

}  // namespace

class HnswIndex::Impl::Loader {
 public:
  Result<std::unique_ptr<Impl>> Load(std::span<const SnapshotPart> parts,
                                     const VectorSource& source) {
    if (parts.empty()) return CorruptBlock("at byte 0", "there is no stream");
    for (size_t at = 0; at < parts.size(); ++at) HELIOS_TRY(ReadPart(parts[at], at == 0));
    HELIOS_TRY(const HnswOptions options, OptionsOf(root_));
    auto index = std::make_unique<Impl>(options, source);
    index_ = index.get();
    for (const SnapshotPart& part : parts) {
      if (part.owner != nullptr) index->images_.push_back(part.owner);
    }
    ClampOrdinals();
    HELIOS_TRY(CheckUntrained());
    HELIOS_TRY(AdoptArrays());
    HELIOS_TRY(RestoreTrained());
    HELIOS_TRY(RestoreBits());
    if (root_.is_trained != 0) {
      HELIOS_TRY(RestoreNodes());
      HELIOS_TRY(RestoreDuplicates());
      HELIOS_TRY(RestoreLinks());
      RestoreUpper();
      RestoreEntry();
      HELIOS_TRY(CheckCodes());
    }
    RestoreOrdinals();
    HELIOS_TRY(CheckSource());
    return index;
  }

 private:
  using Payloads = std::vector<std::span<std::byte>>;

  Payloads& PayloadsOf(BlockKind kind) { return payloads_[static_cast<size_t>(kind)]; }

  Status ReadPart(const SnapshotPart& part, bool is_first) {
    HELIOS_CHECK(reinterpret_cast<uintptr_t>(part.bytes.data()) % internal::kBlockPageBytes == 0);
    internal::BlockReader reader(part.bytes);
    while (!reader.at_end()) {
      HELIOS_TRY(const Block block, reader.Next());
      if (block.header.kind == BlockKind::kRoot) {
        HELIOS_TRY(ReadRoot(block, is_first));
        if (root_.block_count != reader.block_count()) {
          return CorruptBlock(block.name(), fmt::format("the stream has {} blocks instead of {}",
                                                        reader.block_count(), root_.block_count));
        }
        if (!reader.at_end()) return CorruptBlock(block.name(), "more follows it");
        return Status::Ok();
      }
      if (block.header.number >= ChunksFor(internal::kOrdinalCountMax)) {
        return CorruptBlock(block.name(), "there is no such chunk");
      }
      Payloads& payloads = PayloadsOf(block.header.kind);
      if (payloads.size() <= block.header.number) payloads.resize(block.header.number + 1);
      payloads[block.header.number] = block.payload;
    }
    return CorruptBlock(fmt::format("at byte {}", part.bytes.size()),
                        "the stream ends before its root");
  }

  Status ReadRoot(const Block& block, bool is_first) {
    RootRecord root;
    if (block.payload.size() < sizeof(root)) return CorruptBlock("root", "it is too short");
    std::memcpy(&root, block.payload.data(), sizeof(root));
    const std::span<const std::byte> rest = block.payload.subspan(sizeof(root));
    if (rest.size() != root.trained_bytes) {
      return CorruptBlock("root", fmt::format("{} bytes of the code instead of {}", rest.size(),
                                              root.trained_bytes));
    }
    HELIOS_TRY(CheckRoot(root));
    if (root.epoch != block.header.epoch || root.since_epoch >= root.epoch) {
      return CorruptBlock("root", fmt::format("changes from epoch {} to {} in a block of {}",
                                              root.since_epoch, root.epoch, block.header.epoch));
    }
    const uint64_t before = is_first ? 0 : root_.epoch;
    if (root.since_epoch > before || root.epoch <= before) {
      return CorruptBlock("root", fmt::format("changes from epoch {} to {} upon a stream of {}",
                                              root.since_epoch, root.epoch, before));
    }
    if (!is_first && !AreOfOneIndex(root_, root)) {
      return CorruptBlock("root", "it is of another index than the stream before");
    }
    root_ = root;
    rows_max_ = std::max(rows_max_, root.link_bound);
    trained_.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
    return Status::Ok();
  }

  // Where no bit was ever set nothing was ever in: such ordinals are not given out yet.
  void ClampOrdinals() {
    const size_t chunk_count =
        std::max(PayloadsOf(BlockKind::kLive).size(), PayloadsOf(BlockKind::kDead).size());
    const uint64_t ordinals_max = uint64_t{chunk_count} * kChunkRows * kWordBits;
    count_ = static_cast<uint32_t>(std::min<uint64_t>(root_.ordinal_count, ordinals_max));
  }

  // `row_count` rows of the array are needed; `rows_max` there may be.
  Status Adopt(ChunkedRows* array, BlockKind kind, uint32_t row_count, uint32_t rows_max) {
    const Payloads& payloads = PayloadsOf(kind);
    std::vector<std::byte*> chunks(ChunksFor(row_count));
    for (size_t number = 0; number < payloads.size(); ++number) {
      if (payloads[number].data() == nullptr) continue;
      if (number >= ChunksFor(rows_max)) {
        return CorruptBlock(BlockName(kind, number), fmt::format("there are {} rows", rows_max));
      }
      if (payloads[number].size() != array->chunk_bytes()) {
        return CorruptBlock(BlockName(kind, number),
                            fmt::format("it has {} bytes instead of {}", payloads[number].size(),
                                        array->chunk_bytes()));
      }
      if (number < chunks.size()) chunks[number] = payloads[number].data();
    }
    array->Adopt(chunks, root_.epoch);
    array->BeginEpoch(root_.epoch + 1);
    return Status::Ok();
  }

  // Until a code has learnt there is nothing but bits.
  Status CheckUntrained() const {
    for (size_t kind = static_cast<size_t>(BlockKind::kNodes); kind < payloads_.size(); ++kind) {
      if (root_.is_trained != 0 || payloads_[kind].empty()) continue;
      return CorruptBlock(BlockName(static_cast<BlockKind>(kind), payloads_[kind].size() - 1),
                          "the code has learnt nothing yet");
    }
    return Status::Ok();
  }

  Status AdoptArrays() {
    Graph& graph = index_->graph_;
    HELIOS_TRY(
        Adopt(&index_->live_.words(), BlockKind::kLive, WordsFor(count_), WordsFor(rows_max_)));
    HELIOS_TRY(
        Adopt(&index_->dead_.words(), BlockKind::kDead, WordsFor(count_), WordsFor(rows_max_)));
    for (internal::OrdinalBits* bits :
         {&index_->allocated_, &index_->linked_, &index_->removing_}) {
      bits->Grow(count_);
    }
    index_->linked_.words().BeginEpoch(root_.epoch + 1);
    HELIOS_TRY(Adopt(&graph.nodes(), BlockKind::kNodes, count_, rows_max_));
    HELIOS_TRY(Adopt(&graph.lists(), BlockKind::kLinks, count_, rows_max_));
    HELIOS_TRY(
        Adopt(&graph.upper_lists(), BlockKind::kUpperLinks, root_.upper_count, root_.upper_count));
    const std::vector<ChunkedRows*> arrays = index_->codes_->arrays();
    for (size_t at = 0; at < internal::kBlockKindEnd - static_cast<size_t>(BlockKind::kCodes);
         ++at) {
      const auto kind = static_cast<BlockKind>(static_cast<size_t>(BlockKind::kCodes) + at);
      if (at < arrays.size()) {
        HELIOS_TRY(Adopt(arrays[at], kind, count_, rows_max_));
      } else if (!PayloadsOf(kind).empty()) {
        return CorruptBlock(BlockName(kind, PayloadsOf(kind).size() - 1),
                            "the index has no such codes");
      }
    }
    return Status::Ok();
  }

  Status RestoreTrained() {
    internal::Costs costs;
    costs.scan_ns = std::clamp(root_.costs[0], kCostMin, kCostMax);
    costs.walk_distance_ns = std::clamp(root_.costs[1], kCostMin, kCostMax);
    costs.walk_distances_base = std::clamp(root_.costs[2], kCostMin, kCostMax);
    costs.walk_distances_each = std::clamp(root_.costs[3], kCostMin, kCostMax);
    index_->planner_.SetCosts(costs);
    index_->codes_->SetPrefetchDistance(std::min(root_.prefetch_distance, kPrefetchDistanceMax));
    const bool is_trained = root_.is_trained != 0;
    const bool fits = is_trained ? index_->codes_->SetTrained(trained_) : trained_.empty();
    if (!fits || (!is_trained && index_->options_.codes == CodeKind::kFull)) {
      return CorruptBlock("root", "what the code has learnt does not fit it");
    }
    index_->is_trained_.store(is_trained);
    return Status::Ok();
  }

  // Calls `visit(ordinal)`, which returns a Status, for all that are in: live, and dead with
  // `with_dead`.
  template <typename Visit>
  Status ForEachIn(bool with_dead, const Visit& visit) const {
    for (uint32_t word = 0; word < WordsFor(count_); ++word) {
      uint64_t bits = index_->live_.WordAt(word);
      if (with_dead) bits |= index_->dead_.WordAt(word);
      for (; bits != 0; bits &= bits - 1) {
        HELIOS_TRY(visit(word * kWordBits + static_cast<uint32_t>(std::countr_zero(bits))));
      }
    }
    return Status::Ok();
  }

  Status RestoreBits() {
    const uint32_t row_count = ChunksFor(WordsFor(count_)) * kChunkRows;
    for (uint32_t word = 0; word < row_count; ++word) {
      const uint64_t live = index_->live_.WordAt(word);
      const uint64_t dead = index_->dead_.WordAt(word);
      const uint64_t first = uint64_t{word} * kWordBits;
      const uint64_t valid = first + kWordBits <= count_ ? ~uint64_t{0}
                             : first < count_            ? (uint64_t{1} << (count_ - first)) - 1
                                                         : 0;
      if ((live & ~valid) != 0) {
        return CorruptRow(BlockKind::kLive, word, fmt::format("there are {} ordinals", count_));
      }
      if ((dead & ~valid) != 0) {
        return CorruptRow(BlockKind::kDead, word, fmt::format("there are {} ordinals", count_));
      }
      if ((live & dead) != 0 || (dead != 0 && root_.is_trained == 0)) {
        return CorruptRow(BlockKind::kDead, word,
                          fmt::format("what is in is dead, of the ordinals from {}", first));
      }
    }
    return Status::Ok();
  }

  // Which of what is in has a node, and whether the rows of its lists are its own.
  Status RestoreNodes() {
    upper_used_.resize(root_.upper_count);
    return ForEachIn(true, [&](uint32_t ordinal) -> Status {
      const Graph::Node& node = index_->graph_.NodeAt(ordinal);
      const bool is_live = index_->live_.Test(ordinal);
      if (node.level < 0 && is_live && node.level >= internal::kGoneLevel) return Status::Ok();
      if (node.level < 0 || node.level > internal::kLevelMax) {
        return CorruptRow(BlockKind::kNodes, ordinal,
                          fmt::format("node {} has level {}", ordinal, node.level));
      }
      const uint64_t end = uint64_t{node.upper} + static_cast<uint64_t>(node.level);
      if (node.level > 0 && end > root_.upper_count) {
        return CorruptRow(BlockKind::kNodes, ordinal,
                          fmt::format("node {} has rows of upper links up to {}, there are {}",
                                      ordinal, end, root_.upper_count));
      }
      for (uint64_t row = node.upper; node.level > 0 && row < end; ++row) {
        if (upper_used_[row]) {
          return CorruptRow(BlockKind::kNodes, ordinal,
                            fmt::format("row {} of upper links has two nodes", row));
        }
        upper_used_[row] = true;
      }
      index_->linked_.Set(ordinal);
      return Status::Ok();
    });
  }

  // What is not a node lives through one, or is gone.
  Status RestoreDuplicates() {
    std::vector<uint32_t> deleted_nodes;
    HELIOS_TRY(ForEachIn(false, [&](uint32_t ordinal) -> Status {
      if (index_->linked_.Test(ordinal)) return Status::Ok();
      const Graph::Node& node = index_->graph_.NodeAt(ordinal);
      if (node.level == internal::kGoneLevel) {
        index_->live_.Clear(ordinal);
        return Status::Ok();
      }
      if (node.upper >= count_ || !index_->linked_.Test(node.upper)) {
        return CorruptRow(
            BlockKind::kNodes, ordinal,
            fmt::format("{} is the duplicate of {}, which has no node", ordinal, node.upper));
      }
      const bool is_deleted = index_->dead_.Test(node.upper);
      if (is_deleted) deleted_nodes.push_back(node.upper);
      index_->duplicates_.Restore(node.upper, ordinal, is_deleted);
      return Status::Ok();
    }));
    // Such a node does not go as long as it stands for another.
    for (const uint32_t node : deleted_nodes) index_->dead_.Clear(node);
    return Status::Ok();
  }

  // Takes out of the list what leads to no node.
  Status RestoreList(ChunkedRows* rows, BlockKind kind, uint32_t row, uint32_t ordinal, int level) {
    auto* const list = &rows->At<Graph::Link>(row);
    const uint32_t count_max = index_->graph_.link_count_max(level);
    uint32_t kept_count = 0;
    uint32_t at = 0;
    for (; at < count_max && list[at].load(std::memory_order_relaxed) != 0; ++at) {
      const uint32_t link = list[at].load(std::memory_order_relaxed) - 1;
      if (link >= root_.link_bound) {
        return CorruptRow(kind, row,
                          fmt::format("{} has a link to {}, there are {} ordinals", ordinal, link,
                                      root_.link_bound));
      }
      if (link >= count_ || link == ordinal || !index_->linked_.Test(link)) continue;
      if (index_->graph_.LevelOf(link) < level) {
        return CorruptRow(kind, row,
                          fmt::format("{} has a link on level {} to {} of level {}", ordinal, level,
                                      link, index_->graph_.LevelOf(link)));
      }
      if (kept_count != at) list[kept_count].store(link + 1, std::memory_order_relaxed);
      ++kept_count;
    }
    if (kept_count == at) return Status::Ok();
    list[kept_count].store(0, std::memory_order_relaxed);
    rows->Mark(row);
    return Status::Ok();
  }

  Status RestoreLinks() {
    Graph& graph = index_->graph_;
    const uint32_t row_count = ChunksFor(count_) * kChunkRows;
    for (uint32_t ordinal = 0; ordinal < row_count; ++ordinal) {
      if (!index_->linked_.Test(ordinal)) {
        EmptyList(&graph.lists(), ordinal);
        auto& node = graph.nodes().At<Graph::Node>(ordinal);
        if (node.level != 0 || node.upper != 0) node = Graph::Node();
        continue;
      }
      HELIOS_TRY(RestoreList(&graph.lists(), BlockKind::kLinks, ordinal, ordinal, 0));
      const Graph::Node node = graph.NodeAt(ordinal);
      for (int level = 1; level <= node.level; ++level) {
        const uint32_t row = node.upper + static_cast<uint32_t>(level - 1);
        HELIOS_TRY(RestoreList(&graph.upper_lists(), BlockKind::kUpperLinks, row, ordinal, level));
      }
    }
    return Status::Ok();
  }

  static void EmptyList(ChunkedRows* rows, uint32_t row) {
    auto& first = rows->At<Graph::Link>(row);
    if (first.load(std::memory_order_relaxed) == 0) return;
    first.store(0, std::memory_order_relaxed);
    rows->Mark(row);
  }

  void RestoreUpper() {
    Graph& graph = index_->graph_;
    for (uint32_t row = 0; row < ChunksFor(root_.upper_count) * kChunkRows; ++row) {
      if (row >= root_.upper_count || !upper_used_[row]) EmptyList(&graph.upper_lists(), row);
    }
    graph.RestoreUpper(upper_used_);
  }

  // The one of the save, unless it was not in yet.
  void RestoreEntry() {
    Graph& graph = index_->graph_;
    if (root_.entry < count_ && index_->linked_.Test(root_.entry)) {
      graph.SetEntry(root_.entry);
      return;
    }
    for (uint32_t ordinal = 0; ordinal < count_; ++ordinal) {
      if (!index_->linked_.Test(ordinal)) continue;
      const uint32_t entry = graph.entry();
      if (entry == kNoOrdinal || graph.LevelOf(ordinal) > graph.LevelOf(entry)) {
        graph.SetEntry(ordinal);
      }
    }
  }

  Status CheckCodes() {
    for (uint32_t ordinal = 0; ordinal < count_; ++ordinal) {
      const std::optional<size_t> array = index_->codes_->FindBadArray(ordinal);
      if (!array.has_value()) continue;
      const auto kind = static_cast<BlockKind>(static_cast<size_t>(BlockKind::kCodes) + *array);
      return CorruptRow(kind, ordinal, fmt::format("{} has no possible value", ordinal));
    }
    return Status::Ok();
  }

  void RestoreOrdinals() {
    index_->ordinal_count_.store(count_);
    index_->saved_epoch_.store(root_.epoch);
    uint32_t live_count = 0;
    uint32_t dead_count = 0;
    // The lowest are given out first.
    for (uint32_t ordinal = count_; ordinal-- > 0;) {
      if (index_->live_.Test(ordinal)) {
        ++live_count;
        if (root_.is_trained == 0) index_->pending_.push_back(ordinal);
      } else if (index_->dead_.Test(ordinal)) {
        ++dead_count;
      } else if (!index_->linked_.Test(ordinal)) {
        index_->free_.push_back(ordinal);
      }
    }
    std::reverse(index_->pending_.begin(), index_->pending_.end());
    index_->live_count_.store(live_count);
    index_->dead_count_.store(dead_count);
  }

  // One vector tells when the source is another index's.
  Status CheckSource() const {
    const VectorShape& shape = index_->options_.shape;
    for (uint32_t ordinal = 0; ordinal < count_; ++ordinal) {
      if (!index_->live_.Test(ordinal) && !index_->dead_.Test(ordinal)) continue;
      const VectorShape found = index_->source_.Get(ordinal).shape;
      if (found.type == shape.type && found.dimension_count == shape.dimension_count) break;
      return CorruptBlock("root", fmt::format("it is for vectors of {} dimensions, there are some "
                                              "of {} or of another type",
                                              shape.dimension_count, found.dimension_count));
    }
    return Status::Ok();
  }

  Impl* index_ = nullptr;
  RootRecord root_;
  // Of all streams: an earlier one may have blocks of ordinals that were given up since.
  uint32_t rows_max_ = 0;
  std::string trained_;
  uint32_t count_ = 0;  // Of ordinals.
  std::array<Payloads, internal::kBlockKindEnd> payloads_;
  std::vector<bool> upper_used_;
};

Result<std::unique_ptr<HnswIndex::Impl>> HnswIndex::Impl::Load(std::span<const SnapshotPart> parts,
                                                               const VectorSource& source) {
  return Loader().Load(parts, source);
}

}  // namespace helios::ann
