// Saves. A pass takes what lives and what is dead as of one moment, and then copies the rest,
// beside inserts, deletes and repair:
//
// - The scratch that a pass holds keeps each ordinal of that moment in its place, as it would for a
//   search: none is taken out of the graph and given out again until the pass ends.
// - Codes and nodes do not change while their ordinal is in. Only those of that moment are copied,
//   all others are zeros.
// - Links change at any time and are read one by one, as searches read them. They may lead to what
//   came in after the moment: loading cuts those links off.
//
// Cut links are links missed: when much came in during a pass, another one follows in the same
// stream, with what has changed since. Of several blocks with the same name the last one counts.

#include <algorithm>
#include <cstring>

#include "ann/internal/block_format.h"
#include "ann/internal/hnsw_impl.h"

namespace helios::ann {
namespace {

using internal::BlockKind;
using internal::ChunkedRows;
using internal::Graph;
using internal::kChunkRows;
using internal::kWordBits;

constexpr int kPassesMax = 4;
// Another pass follows when more than this part of the index came in during the last one.
constexpr uint32_t kPublishedDivisor = 64;

uint32_t ChunksFor(uint32_t row_count) { return (row_count + kChunkRows - 1) / kChunkRows; }

// A list as a reader meets it; zeros behind its end.
void CopyList(const std::byte* row, size_t link_count_max, std::byte* to) {
  const auto* const links = reinterpret_cast<const Graph::Link*>(row);
  auto* const copies = reinterpret_cast<uint32_t*>(to);
  for (size_t at = 0; at < link_count_max; ++at) {
    copies[at] = links[at].load(std::memory_order_acquire);
    if (copies[at] == 0) break;
  }
}

}  // namespace

class HnswIndex::Impl::Saver {
 public:
  Saver(Impl* index, const BlockSink& sink) : index_(*index), writer_(sink) {}

  // The epoch of the last pass.
  Result<uint64_t> Save(uint64_t since_epoch) {
    uint64_t since = since_epoch;
    for (int pass = 1;; ++pass) {
      HELIOS_TRY(SavePass(since));
      since = epoch_;
      if (pass == kPassesMax || !MuchWasPublished()) break;
    }
    HELIOS_TRY(WriteRoot(since_epoch));
    return epoch_;
  }

 private:
  Status SavePass(uint64_t since) {
    const internal::ScratchPool::Lease pin = index_.scratches_.Take();
    const std::vector<uint32_t> live_chunks = TakeMoment(since);
    HELIOS_TRY(WriteBits(BlockKind::kLive, live_words_, live_chunks));
    HELIOS_TRY(WriteBits(BlockKind::kDead, dead_words_, dead_chunks_));
    root_.is_trained = is_trained_ ? 1 : 0;
    if (is_trained_) {
      HELIOS_TRY(WriteGraph(since));
      const std::vector<ChunkedRows*> arrays = index_.codes_->arrays();
      for (size_t at = 0; at < arrays.size(); ++at) {
        const auto kind = static_cast<BlockKind>(static_cast<size_t>(BlockKind::kCodes) + at);
        HELIOS_TRY(WriteRows(*arrays[at], kind, since, [&](uint32_t ordinal, std::byte* to) {
          std::memcpy(to, arrays[at]->Row(ordinal), arrays[at]->row_bytes());
        }));
      }
    }
    root_.link_bound = index_.ordinal_count();
    return Status::Ok();
  }

  // Begins the epoch, and copies the bits of what is in. Returns which chunks of them go out.
  std::vector<uint32_t> TakeMoment(uint64_t since) {
    epoch_ = index_.saved_epoch_.load() + 1;
    std::lock_guard lock(index_.ordinals_mutex_);
    index_.saved_epoch_.store(epoch_);
    std::vector<ChunkedRows*> arrays = index_.codes_->arrays();
    arrays.insert(arrays.end(),
                  {&index_.graph_.nodes(), &index_.graph_.lists(), &index_.graph_.upper_lists(),
                   &index_.live_.words(), &index_.dead_.words(), &index_.linked_.words()});
    for (ChunkedRows* const array : arrays) array->BeginEpoch(epoch_ + 1);
    ordinal_count_ = index_.ordinal_count();
    is_trained_ = index_.is_trained_.load(std::memory_order_acquire);
    published_count_ = index_.published_count_;
    const uint32_t word_count = (ordinal_count_ + kWordBits - 1) / kWordBits;
    CopyWords(index_.live_, word_count, &live_words_);
    CopyDead(word_count);
    root_.ordinal_count = ordinal_count_;
    // After the bits: the lists of all nodes among them are below, and the entry is one of them or
    // a later one.
    root_.upper_count = index_.graph_.upper_count();
    root_.entry = index_.graph_.entry();
    // All changes of what is dead come with one of these.
    dead_chunks_.clear();
    for (uint32_t chunk = 0; chunk < ChunksFor(word_count); ++chunk) {
      const uint64_t mark =
          std::max({index_.live_.words().MarkOf(chunk), index_.dead_.words().MarkOf(chunk),
                    index_.linked_.words().MarkOf(chunk)});
      if (mark > since) dead_chunks_.push_back(chunk);
    }
    return ChangedChunks(index_.live_.words(), ChunksFor(word_count), since);
  }

  // Nodes whose own ordinal is deleted: those that go, and those that stand for others still.
  void CopyDead(uint32_t word_count) {
    dead_words_.resize(word_count);
    for (uint32_t word = 0; word < word_count; ++word) {
      dead_words_[word] = index_.dead_.WordAt(word) & index_.linked_.WordAt(word);
    }
    index_.duplicates_.ForEachDeletedNode(
        [&](uint32_t node) { dead_words_[node / kWordBits] |= uint64_t{1} << (node % kWordBits); });
  }

  static void CopyWords(const internal::OrdinalBits& bits, uint32_t word_count,
                        std::vector<uint64_t>* words) {
    words->resize(word_count);
    for (uint32_t word = 0; word < word_count; ++word) (*words)[word] = bits.WordAt(word);
  }

  static std::vector<uint32_t> ChangedChunks(const ChunkedRows& rows, uint32_t chunk_count,
                                             uint64_t since) {
    std::vector<uint32_t> changed;
    for (uint32_t chunk = 0; chunk < chunk_count; ++chunk) {
      if (rows.MarkOf(chunk) > since) changed.push_back(chunk);
    }
    return changed;
  }

  bool IsIn(uint32_t ordinal) const {
    const uint32_t word = ordinal / kWordBits;
    return word < live_words_.size() &&
           ((live_words_[word] | dead_words_[word]) >> (ordinal % kWordBits) & 1) != 0;
  }

  bool MuchWasPublished() const {
    std::lock_guard lock(index_.ordinals_mutex_);
    return index_.published_count_ - published_count_ > index_.size() / kPublishedDivisor;
  }

  Status WriteBits(BlockKind kind, std::span<const uint64_t> words,
                   std::span<const uint32_t> chunks) {
    for (const uint32_t chunk : chunks) {
      const std::span<const uint64_t> rest = words.subspan(size_t{chunk} * kChunkRows);
      const std::span<std::byte> payload = writer_.Begin(kChunkRows * sizeof(uint64_t));
      std::memcpy(payload.data(), rest.data(),
                  std::min(payload.size(), rest.size() * sizeof(uint64_t)));
      HELIOS_TRY(writer_.Write(kind, chunk, epoch_));
    }
    return Status::Ok();
  }

  // Chunks of rows that stay as they are while their ordinal is in.
  template <typename Copy>
  Status WriteRows(const ChunkedRows& rows, BlockKind kind, uint64_t since, const Copy& copy) {
    for (const uint32_t chunk : ChangedChunks(rows, ChunksFor(ordinal_count_), since)) {
      std::byte* to = writer_.Begin(rows.chunk_bytes()).data();
      const uint32_t first = chunk * kChunkRows;
      for (uint32_t ordinal = first; ordinal < first + kChunkRows; ++ordinal) {
        if (IsIn(ordinal)) copy(ordinal, to);
        to += rows.row_bytes();
      }
      HELIOS_TRY(writer_.Write(kind, chunk, epoch_));
    }
    return Status::Ok();
  }

  Status WriteLists(const ChunkedRows& rows, uint32_t row_count, BlockKind kind, uint64_t since) {
    for (const uint32_t chunk : ChangedChunks(rows, ChunksFor(row_count), since)) {
      std::byte* to = writer_.Begin(rows.chunk_bytes()).data();
      for (uint32_t row = 0; row < kChunkRows; ++row) {
        CopyList(rows.Row(chunk * kChunkRows + row), rows.row_bytes() / sizeof(Graph::Link), to);
        to += rows.row_bytes();
      }
      HELIOS_TRY(writer_.Write(kind, chunk, epoch_));
    }
    return Status::Ok();
  }

  Status WriteGraph(uint64_t since) {
    Graph& graph = index_.graph_;
    HELIOS_TRY(WriteLists(graph.upper_lists(), root_.upper_count, BlockKind::kUpperLinks, since));
    HELIOS_TRY(WriteLists(graph.lists(), ordinal_count_, BlockKind::kLinks, since));
    return WriteRows(graph.nodes(), BlockKind::kNodes, since,
                     [&](uint32_t ordinal, std::byte* to) { CopyNode(ordinal, to); });
  }

  void CopyNode(uint32_t ordinal, std::byte* to) const {
    Graph::Node node;
    const bool is_dead = (dead_words_[ordinal / kWordBits] >> (ordinal % kWordBits) & 1) != 0;
    if (is_dead || index_.linked_.Test(ordinal)) {
      node = index_.graph_.NodeAt(ordinal);
    } else if (const uint32_t other = index_.duplicates_.NodeOf(ordinal); other != ordinal) {
      node = {.upper = other, .level = internal::kDuplicateLevel};
    } else {
      node.level = internal::kGoneLevel;
    }
    std::memcpy(to, &node, sizeof(node));
  }

  Status WriteRoot(uint64_t since_epoch) {
    const HnswOptions& options = index_.options_;
    const internal::Costs& costs = index_.planner_.costs();
    const std::string trained = is_trained_ ? index_.codes_->Trained() : std::string();
    root_.since_epoch = since_epoch;
    root_.epoch = epoch_;
    root_.block_count = writer_.block_count() + 1;
    root_.seed = options.seed;
    root_.dimension_count = options.shape.dimension_count;
    root_.m = options.m;
    root_.ef_construction = options.ef_construction;
    root_.prefetch_distance = static_cast<uint32_t>(index_.codes_->prefetch_distance());
    root_.element_type = static_cast<uint8_t>(options.shape.type);
    root_.metric = static_cast<uint8_t>(options.metric);
    root_.codes = static_cast<uint8_t>(options.codes);
    root_.trained_bytes = static_cast<uint32_t>(trained.size());
    root_.costs[0] = costs.scan_ns;
    root_.costs[1] = costs.walk_distance_ns;
    root_.costs[2] = costs.walk_distances_base;
    root_.costs[3] = costs.walk_distances_each;
    const std::span<std::byte> payload = writer_.Begin(sizeof(root_) + trained.size());
    std::memcpy(payload.data(), &root_, sizeof(root_));
    std::memcpy(payload.data() + sizeof(root_), trained.data(), trained.size());
    return writer_.Write(BlockKind::kRoot, 0, epoch_);
  }

  Impl& index_;
  internal::BlockWriter writer_;
  internal::RootRecord root_;

  // Of the pass.
  uint64_t epoch_ = 0;
  uint32_t ordinal_count_ = 0;
  bool is_trained_ = false;
  uint64_t published_count_ = 0;
  std::vector<uint64_t> live_words_;
  std::vector<uint64_t> dead_words_;
  std::vector<uint32_t> dead_chunks_;
};

Result<uint64_t> HnswIndex::Impl::Save(uint64_t since_epoch, const BlockSink& sink) {
  std::lock_guard lock(save_mutex_);
  if (since_epoch > saved_epoch()) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("the vector index has not been saved in epoch {}, its last one is {}", since_epoch,
                 saved_epoch());
  }
  return Saver(this, sink).Save(since_epoch);
}

}  // namespace helios::ann
