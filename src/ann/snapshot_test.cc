#include "ann/snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>

#include "ann/hnsw.h"
#include "ann/internal/block_format.h"
#include "sys/randomness.h"
#include "sys/thread.h"

namespace helios::ann {
namespace {

using internal::BlockKind;
using Stream = std::vector<std::byte>;

// Vectors in clusters, of any type. Of each ten the last is the one before once more.
class TestVectors final : public VectorSource {
 public:
  TestVectors(VectorShape shape, uint32_t count, uint64_t seed) : shape_(shape), random_(seed) {
    for (uint32_t at = 0; at < count; ++at) {
      if (at % 10 == 9) {
        rows_.push_back(rows_.back());
      } else {
        rows_.push_back(MakeRow(at));
      }
    }
  }

  VectorRef Get(uint32_t ordinal) const override {
    const Row& row = rows_[ordinal];
    return {shape_, row.bytes.data(), row.indices};
  }
  void Prefetch(uint32_t) const override {}
  uint32_t count() const { return static_cast<uint32_t>(rows_.size()); }

 private:
  struct Row {
    std::vector<uint64_t> bytes;
    std::vector<uint32_t> indices;
  };

  float Element(uint32_t row, uint32_t dimension) {
    const auto center = static_cast<float>((row % 7 * 31 + dimension * 17) % 23);
    return center + static_cast<float>(random_.NextDouble()) * 8 - 4;
  }

  Row MakeRow(uint32_t number) {
    Row row;
    row.bytes.resize(shape_.dimension_count + 1);
    auto* const bytes = row.bytes.data();
    for (uint32_t at = 0; at < shape_.dimension_count; ++at) {
      const float element = Element(number, at);
      switch (shape_.type) {
        case ElementType::kFloat32:
          reinterpret_cast<float*>(bytes)[at] = element;
          break;
        case ElementType::kFloat16:
          reinterpret_cast<uint16_t*>(bytes)[at] = ToHalf(element);
          break;
        case ElementType::kInt8:
          reinterpret_cast<int8_t*>(bytes)[at] = static_cast<int8_t>(element);
          break;
        case ElementType::kBit:
          if (element > 10) bytes[at / 64] |= uint64_t{1} << (at % 64);
          break;
        case ElementType::kSparse:
          if (at % 3 != number % 3) break;
          reinterpret_cast<float*>(bytes)[row.indices.size()] = element + 30;
          row.indices.push_back(at);
          break;
      }
    }
    return row;
  }

  const VectorShape shape_;
  sys::Random random_;
  std::vector<Row> rows_;
};

Stream Save(HnswIndex* index, uint64_t since = 0) {
  Stream stream;
  const auto saved = index->Save(since, [&](std::span<const std::byte> block) {
    stream.insert(stream.end(), block.begin(), block.end());
    return Status::Ok();
  });
  EXPECT_TRUE(saved.ok());
  EXPECT_EQ(saved.value(), index->saved_epoch());
  return stream;
}

SnapshotPart PartOf(const Stream& stream) {
  void* memory =
      std::aligned_alloc(internal::kBlockPageBytes,
                         stream.size() / internal::kBlockPageBytes * internal::kBlockPageBytes +
                             internal::kBlockPageBytes);
  if (!stream.empty()) std::memcpy(memory, stream.data(), stream.size());
  const std::shared_ptr<void> owner(memory, &std::free);
  return {{static_cast<std::byte*>(memory), stream.size()}, owner};
}

Result<std::unique_ptr<HnswIndex>> TryLoad(const std::vector<Stream>& streams,
                                           const VectorSource& source) {
  std::vector<SnapshotPart> parts;
  parts.reserve(streams.size());
  for (const Stream& stream : streams) parts.push_back(PartOf(stream));
  return HnswIndex::Load(parts, source);
}

std::unique_ptr<HnswIndex> Load(const std::vector<Stream>& streams, const VectorSource& source) {
  auto loaded = TryLoad(streams, source);
  EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
  return std::move(loaded).value();
}

std::string LoadError(const Stream& stream, const VectorSource& source) {
  const auto loaded = TryLoad({stream}, source);
  return loaded.ok() ? "OK" : loaded.status().ToString();
}

void InsertUpTo(HnswIndex* index, uint32_t count) {
  while (index->ordinal_count() < count) {
    ASSERT_TRUE(index->Insert(index->Allocate().value()).ok());
  }
}

void FinishRepair(HnswIndex* index) {
  while (index->Repair(100)) continue;
}

void ExpectAlike(const HnswIndex& left, const HnswIndex& right, const TestVectors& vectors) {
  ASSERT_EQ(left.size(), right.size());
  std::vector<uint64_t> tenth((vectors.count() + 63) / 64);
  for (uint32_t ordinal = 3; ordinal < vectors.count(); ordinal += 10) {
    tenth[ordinal / 64] |= uint64_t{1} << (ordinal % 64);
  }
  const std::vector<uint64_t> half(tenth.size(), 0x5555555555555555);
  const std::optional<Strategy> strategies[] = {std::nullopt, Strategy::kExact,
                                                Strategy::kFilteredWalk, Strategy::kBridgedWalk};
  for (uint32_t query = 0; query < vectors.count(); query += 7) {
    for (const Filter& filter : {Filter{}, Filter{tenth, {}}, Filter{tenth, half}}) {
      for (const auto& strategy : strategies) {
        const SearchOptions options{.filter = filter, .strategy = strategy};
        const auto from_left = left.Search(vectors.Get(query), options);
        const auto from_right = right.Search(vectors.Get(query), options);
        ASSERT_TRUE(from_left.ok());
        ASSERT_TRUE(from_right.ok());
        EXPECT_EQ(from_left->report.strategy, from_right->report.strategy);
        EXPECT_EQ(from_left->report.distance_count, from_right->report.distance_count);
        ASSERT_EQ(from_left->neighbors.size(), from_right->neighbors.size());
        for (size_t at = 0; at < from_left->neighbors.size(); ++at) {
          EXPECT_EQ(from_left->neighbors[at].ordinal, from_right->neighbors[at].ordinal);
          EXPECT_EQ(from_left->neighbors[at].distance, from_right->neighbors[at].distance);
        }
      }
    }
  }
}

// The blocks of a stream: name -> where it begins, from the payload to its end.
std::map<std::string, std::pair<size_t, size_t>> BlocksOf(const Stream& stream) {
  std::map<std::string, std::pair<size_t, size_t>> blocks;
  const SnapshotPart part = PartOf(stream);
  internal::BlockReader reader(part.bytes);
  while (!reader.at_end()) {
    const internal::Block block = reader.Next().value();
    const auto offset = static_cast<size_t>(block.payload.data() - part.bytes.data());
    blocks[block.name()] = {offset - internal::kBlockPageBytes, offset + block.payload.size()};
  }
  return blocks;
}

// The stream with one payload changed, and right checksums.
template <typename Change>
Stream Changed(const Stream& stream, BlockKind kind, uint64_t number, const Change& change) {
  Stream changed;
  const BlockSink sink = [&](std::span<const std::byte> block) {
    changed.insert(changed.end(), block.begin(), block.end());
    return Status::Ok();
  };
  internal::BlockWriter writer(sink);
  const SnapshotPart part = PartOf(stream);
  internal::BlockReader reader(part.bytes);
  while (!reader.at_end()) {
    const internal::Block block = reader.Next().value();
    const auto payload = writer.Begin(block.payload.size());
    std::memcpy(payload.data(), block.payload.data(), payload.size());
    if (block.header.kind == kind && block.header.number == number) change(payload);
    EXPECT_TRUE(writer.Write(block.header.kind, block.header.number, block.header.epoch).ok());
  }
  return changed;
}

template <typename T>
T& At(std::span<std::byte> payload, size_t index) {
  return reinterpret_cast<T*>(payload.data())[index];
}

struct Case {
  ElementType type;
  uint32_t dimension_count;
  Metric metric;
  CodeKind codes;
};

class SnapshotOfTest : public testing::TestWithParam<Case> {};

// Goal: a loaded index answers exactly as the saved one, and can be changed as it could.
TEST_P(SnapshotOfTest, ReloadEqualsOriginal) {
  const Case& param = GetParam();
  const VectorShape shape{param.type, param.dimension_count};
  const TestVectors vectors(shape, 1400, 1);
  const HnswOptions options{
      .shape = shape, .metric = param.metric, .m = 6, .ef_construction = 40, .codes = param.codes};
  const auto index = HnswIndex::Create(options, vectors).value();
  InsertUpTo(&*index, 1200);
  ExpectAlike(*index, *Load({Save(&*index)}, vectors), vectors);

  for (uint32_t ordinal = 0; ordinal < 1200; ordinal += 4) {
    ASSERT_TRUE(index->Delete(ordinal).ok());
  }
  ExpectAlike(*index, *Load({Save(&*index)}, vectors), vectors);
  ASSERT_TRUE(index->Repair(500));
  ASSERT_TRUE(index->Repair(500));
  ExpectAlike(*index, *Load({Save(&*index)}, vectors), vectors);
  FinishRepair(&*index);
  const Stream repaired = Save(&*index);
  const auto loaded = Load({repaired}, vectors);
  ExpectAlike(*index, *loaded, vectors);

  for (HnswIndex* const each : {&*index, &*loaded}) {
    for (int at = 0; at < 400; ++at) ASSERT_TRUE(each->Insert(each->Allocate().value()).ok());
    ASSERT_TRUE(each->Delete(1).ok());
    FinishRepair(each);
  }
  EXPECT_EQ(index->size(), loaded->size());
  ExpectAlike(*loaded, *Load({Save(&*loaded)}, vectors), vectors);
  ExpectAlike(*loaded, *Load({repaired, Save(&*loaded, 4)}, vectors), vectors);
}

INSTANTIATE_TEST_SUITE_P(
    All, SnapshotOfTest,
    testing::Values(Case{ElementType::kFloat32, 24, Metric::kL2, CodeKind::kScalar8},
                    Case{ElementType::kFloat32, 70, Metric::kInnerProduct, CodeKind::kScalar8},
                    Case{ElementType::kFloat32, 24, Metric::kCosine, CodeKind::kScalar8},
                    Case{ElementType::kFloat32, 24, Metric::kL1, CodeKind::kScalar8},
                    Case{ElementType::kFloat32, 24, Metric::kL2, CodeKind::kFull},
                    Case{ElementType::kFloat32, 70, Metric::kL2, CodeKind::kRabitq},
                    Case{ElementType::kFloat32, 70, Metric::kL2, CodeKind::kBfloat16},
                    Case{ElementType::kFloat32, 24, Metric::kInnerProduct, CodeKind::kBfloat16},
                    Case{ElementType::kFloat16, 24, Metric::kL2, CodeKind::kScalar8},
                    Case{ElementType::kInt8, 24, Metric::kCosine, CodeKind::kScalar8},
                    Case{ElementType::kBit, 100, Metric::kHamming, CodeKind::kFull},
                    Case{ElementType::kBit, 100, Metric::kJaccard, CodeKind::kFull},
                    Case{ElementType::kSparse, 60, Metric::kInnerProduct, CodeKind::kFull}));

class SnapshotTest : public testing::Test {
 protected:
  std::unique_ptr<HnswIndex> MakeIndex(uint32_t count) const {
    auto index = HnswIndex::Create(options_, vectors_).value();
    InsertUpTo(&*index, count);
    return index;
  }

  const VectorShape shape_{ElementType::kFloat32, 16};
  const TestVectors vectors_{shape_, 6000, 2};
  const HnswOptions options_{.shape = shape_, .m = 4, .ef_construction = 24};
};

TEST_F(SnapshotTest, EmptyAndUntrained) {
  const auto index = MakeIndex(0);
  EXPECT_EQ(index->saved_epoch(), 0u);
  const Stream empty = Save(&*index);
  EXPECT_EQ(Load({empty}, vectors_)->size(), 0u);
  InsertUpTo(&*index, 100);
  ASSERT_TRUE(index->Delete(7).ok());
  const Stream few = Save(&*index, 1);
  ExpectAlike(*index, *Load({empty, few}, vectors_), vectors_);
  const auto loaded = Load({empty, few}, vectors_);
  EXPECT_FALSE(loaded->Contains(7));
  EXPECT_TRUE(loaded->Contains(8));
  InsertUpTo(&*index, 500);
  InsertUpTo(&*loaded, 500);
  ExpectAlike(*index, *Load({empty, few, Save(&*index, 2)}, vectors_), vectors_);
  ExpectAlike(*loaded, *Load({empty, few, Save(&*loaded, 2)}, vectors_), vectors_);
}

TEST_F(SnapshotTest, IncrementalEqualsFull) {
  const auto index = MakeIndex(4000);
  std::vector<Stream> streams = {Save(&*index)};
  const Stream nothing = Save(&*index, 1);
  EXPECT_EQ(BlocksOf(nothing).size(), 1u);
  EXPECT_TRUE(BlocksOf(nothing).contains("root"));
  sys::Random random(3);
  for (int round = 0; round < 4; ++round) {
    for (int at = 0; at < 60; ++at) {
      const auto ordinal = static_cast<uint32_t>(random.Below(index->ordinal_count()));
      if (!index->Contains(ordinal)) continue;
      ASSERT_TRUE(index->Delete(ordinal).ok());
    }
    if (round % 2 == 1) FinishRepair(&*index);
    for (int at = 0; at < 50; ++at) ASSERT_TRUE(index->Insert(index->Allocate().value()).ok());
    const uint64_t since = round == 0 ? 1 : index->saved_epoch() - 1;
    streams.push_back(Save(&*index, since));
    const Stream full = Save(&*index);
    ExpectAlike(*index, *Load(streams, vectors_), vectors_);
    ExpectAlike(*index, *Load({full}, vectors_), vectors_);
  }
  // One change dirties its own chunks and no others.
  ASSERT_TRUE(index->Delete(index->Contains(3500) ? 3500 : 3501).ok());
  const auto blocks = BlocksOf(Save(&*index, index->saved_epoch()));
  EXPECT_TRUE(blocks.contains("live 0"));
  EXPECT_FALSE(blocks.contains("codes 0"));
  EXPECT_FALSE(blocks.contains("links 0"));
  EXPECT_EQ(index->Save(1000, [](auto) { return Status::Ok(); }).status().ToString(),
            "ERROR 22023: the vector index has not been saved in epoch 1000, its last one is " +
                std::to_string(index->saved_epoch()));
}

// Goal: a chain of streams loads although its first has rows of ordinals that its last has not: of
// one that was given out when the save began and inserted while it ran.
TEST_F(SnapshotTest, AnEarlierStreamMayHaveMoreRows) {
  constexpr uint32_t kChunkOrdinals = 65'536;
  const TestVectors vectors({ElementType::kFloat32, 1}, kChunkOrdinals + 1, 5);
  const HnswOptions options{
      .shape = {ElementType::kFloat32, 1}, .m = 2, .ef_construction = 4, .codes = CodeKind::kFull};
  const auto index = HnswIndex::Create(options, vectors).value();
  ASSERT_TRUE(index->Build(kChunkOrdinals, {.thread_count = 2}).ok());
  ASSERT_EQ(index->Allocate().value(), kChunkOrdinals);
  Stream first;
  bool is_inserted = false;
  const auto sink = [&](std::span<const std::byte> block) {
    if (!is_inserted) {
      EXPECT_TRUE(index->Insert(kChunkOrdinals).ok());
    }
    is_inserted = true;
    first.insert(first.end(), block.begin(), block.end());
    return Status::Ok();
  };
  ASSERT_TRUE(index->Save(0, sink).ok());
  const auto loaded = Load({first}, vectors);
  EXPECT_EQ(loaded->ordinal_count(), kChunkOrdinals);
  const Stream second = Save(&*loaded, loaded->saved_epoch());
  EXPECT_EQ(Load({first, second}, vectors)->size(), kChunkOrdinals);
}

TEST_F(SnapshotTest, EveryFlippedBitIsNoticed) {
  const auto index = MakeIndex(1500);
  ASSERT_TRUE(index->Delete(5).ok());
  const Stream stream = Save(&*index);
  const auto blocks = BlocksOf(stream);
  for (const char* kind :
       {"root", "live 0", "dead 0", "nodes 1", "links 1", "upper links 0", "codes 1", "biases 1"}) {
    ASSERT_TRUE(blocks.contains(kind)) << kind;
  }
  sys::Random random(4);
  for (const auto& [name, extent] : blocks) {
    const auto [begin, end] = extent;
    const size_t payload = begin + internal::kBlockPageBytes;
    for (const size_t offset : {payload, end - 1, payload + random.Below(end - payload),
                                end + (4095 - (end - 1) % 4096) - 1}) {
      Stream flipped = stream;
      flipped[offset] ^= std::byte{1} << random.Below(8);
      EXPECT_TRUE(LoadError(flipped, vectors_)
                      .starts_with("ERROR XX002: block \"" + name +
                                   "\" of the vector index is corrupted: checksum is "))
          << LoadError(flipped, vectors_);
    }
    // In the header its name is not to be trusted either.
    for (const size_t offset :
         {size_t{0}, size_t{9}, size_t{12}, size_t{16}, size_t{24}, size_t{33}, size_t{40},
          size_t{44}, size_t{50}, size_t{100}, size_t{4095}}) {
      Stream flipped = stream;
      flipped[begin + offset] ^= std::byte{1} << random.Below(8);
      EXPECT_TRUE(LoadError(flipped, vectors_)
                      .starts_with("ERROR XX002: block \"at byte " + std::to_string(begin) +
                                   "\" of the vector index is corrupted: "))
          << LoadError(flipped, vectors_);
    }
  }
  EXPECT_EQ(LoadError(stream, vectors_), "OK");
}

TEST_F(SnapshotTest, StreamsThatAreNotWhole) {
  const auto index = MakeIndex(1200);
  const Stream base = Save(&*index);
  InsertUpTo(&*index, 1300);
  const Stream second = Save(&*index, 1);
  InsertUpTo(&*index, 1400);
  const Stream third = Save(&*index, 2);
  for (const auto& [name, extent] : BlocksOf(base)) {
    for (const size_t byte_count : {extent.first, extent.first + 10, extent.second - 1}) {
      const Stream part(base.begin(), base.begin() + static_cast<std::ptrdiff_t>(byte_count));
      EXPECT_TRUE(LoadError(part, vectors_).starts_with("ERROR XX002: block ")) << name;
    }
  }
  EXPECT_EQ(LoadError({}, vectors_),
            "ERROR XX002: block \"at byte 0\" of the vector index is corrupted: "
            "the stream ends before its root");
  EXPECT_EQ(TryLoad({}, vectors_).status().code(), ErrorCode::kIndexCorrupted);
  Stream longer = base;
  longer.insert(longer.end(), second.begin(), second.end());
  EXPECT_EQ(LoadError(longer, vectors_),
            "ERROR XX002: block \"root\" of the vector index is corrupted: more follows it");
  const auto begin_of_nodes = static_cast<std::ptrdiff_t>(BlocksOf(base)["nodes 0"].first);
  Stream without_nodes(base.begin(), base.begin() + begin_of_nodes);
  without_nodes.insert(without_nodes.end(),
                       base.begin() + static_cast<std::ptrdiff_t>(BlocksOf(base)["nodes 1"].first),
                       base.end());
  EXPECT_TRUE(LoadError(without_nodes, vectors_)
                  .starts_with("ERROR XX002: block \"root\" of the vector index is corrupted: "
                               "the stream has "));
  EXPECT_EQ(LoadError(second, vectors_),
            "ERROR XX002: block \"root\" of the vector index is corrupted: "
            "changes from epoch 1 to 2 upon a stream of 0");
  EXPECT_FALSE(TryLoad({base, third}, vectors_).ok());
  EXPECT_FALSE(TryLoad({base, third, second}, vectors_).ok());
  EXPECT_FALSE(TryLoad({base, base}, vectors_).ok());
  ExpectAlike(*index, *Load({base, second, third}, vectors_), vectors_);

  const HnswOptions other_options{.shape = shape_, .m = 5, .ef_construction = 24};
  const auto other = HnswIndex::Create(other_options, vectors_).value();
  Save(&*other);
  EXPECT_EQ(TryLoad({base, Save(&*other, 1)}, vectors_).status().ToString(),
            "ERROR XX002: block \"root\" of the vector index is corrupted: "
            "it is of another index than the stream before");
}

TEST_F(SnapshotTest, Versions) {
  const auto index = MakeIndex(300);
  const Stream stream = Save(&*index);
  // The checksum of the header is right again, as a server of that version would have written it.
  const auto with_version = [&](uint32_t version) {
    Stream changed = stream;
    internal::BlockHeader header;
    std::memcpy(&header, changed.data(), sizeof(header));
    header.version = version;
    header.header_crc = 0;
    std::memcpy(changed.data(), &header, sizeof(header));
    header.header_crc = internal::HeaderCrcOf(std::span(changed).first(internal::kBlockPageBytes));
    std::memcpy(changed.data(), &header, sizeof(header));
    return changed;
  };
  EXPECT_EQ(LoadError(with_version(1), vectors_), "OK");
  const auto newer = TryLoad({with_version(2)}, vectors_);
  EXPECT_EQ(newer.status().code(), ErrorCode::kFeatureNotSupported);
  EXPECT_EQ(newer.status().info().message,
            "block \"at byte 0\" of the vector index was written by a newer server");
  EXPECT_EQ(newer.status().info().detail, "Its format is 2; this server knows formats up to 1.");
  EXPECT_EQ(
      LoadError(with_version(0), vectors_),
      "ERROR XX002: block \"at byte 0\" of the vector index is corrupted: there is no format 0");
}

// Goal: what checksums do not notice is noticed all the same before anything follows it.
TEST_F(SnapshotTest, ContentsAreChecked) {
  const auto index = MakeIndex(1500);
  ASSERT_TRUE(index->Delete(5).ok());
  const Stream stream = Save(&*index);
  const auto error = [&](BlockKind kind, auto change) {
    const std::string text = LoadError(Changed(stream, kind, 0, change), vectors_);
    const std::string start = "ERROR XX002: block \"";
    const std::string middle = "\" of the vector index is corrupted: ";
    EXPECT_TRUE(text.starts_with(start)) << text;
    const size_t at = text.find(middle);
    return text.substr(start.size(), at - start.size()) + ": " + text.substr(at + middle.size());
  };
  using Bytes = std::span<std::byte>;
  EXPECT_EQ(error(BlockKind::kLinks, [](Bytes to) { At<uint32_t>(to, 8) = 5000; }),
            "links 0: 1 has a link to 4999, there are 1500 ordinals");
  EXPECT_EQ(error(BlockKind::kNodes, [](Bytes to) { At<int32_t>(to, 7) = 99; }),
            "nodes 0: node 3 has level 99");
  EXPECT_EQ(error(BlockKind::kNodes, [](Bytes to) { At<int32_t>(to, 11) = -2; }),
            "nodes 0: node 5 has level -2");
  EXPECT_EQ(error(BlockKind::kLive, [](Bytes to) { At<uint64_t>(to, 30) = 1; }),
            "live 0: there are 1500 ordinals");
  EXPECT_EQ(error(BlockKind::kDead, [](Bytes to) { At<uint64_t>(to, 1) = 1; }),
            "dead 0: what is in is dead, of the ordinals from 64");
  EXPECT_EQ(error(BlockKind::kBiases, [](Bytes to) { At<int32_t>(to, 2) = 1 << 30; }),
            "biases 0: 2 has no possible value");
  const auto root_error = [&](auto change) {
    return error(BlockKind::kRoot, [&](Bytes to) { change(&At<internal::RootRecord>(to, 0)); });
  };
  EXPECT_EQ(root_error([](auto* root) { root->metric = 9; }),
            "root: unknown type of vector, metric or code");
  EXPECT_EQ(root_error([](auto* root) { root->m = 1; }),
            "root: value 1 out of bounds for option \"m\"");
  EXPECT_EQ(root_error([](auto* root) { root->entry = 7777; }),
            "root: entry 7777 is not below 1500");
  EXPECT_EQ(root_error([](auto* root) { root->dimension_count = 200; }),
            "codes 0: it has 65536 bytes instead of 262144");
  EXPECT_EQ(root_error([](auto* root) { root->dimension_count = 17; }),
            "root: what the code has learnt does not fit it");
  EXPECT_EQ(root_error([](auto* root) { root->ordinal_count = 1u << 29; }),
            "root: 536870912 ordinals, links up to 1500");
  EXPECT_EQ(root_error([](auto* root) { root->upper_count = 0; }),
            "upper links 0: there are 0 rows");
  EXPECT_EQ(root_error([](auto* root) { root->block_count = 3; }).substr(0, 20),
            "root: the stream has");
}

TEST_F(SnapshotTest, SinkErrorEndsTheSave) {
  const auto index = MakeIndex(1200);
  int calls = 0;
  const auto saved = index->Save(0, [&](std::span<const std::byte>) -> Status {
    if (++calls < 3) return Status::Ok();
    return Error(ErrorCode::kStorageUnavailable).Message("no room");
  });
  EXPECT_EQ(saved.status().info().message, "no room");
  EXPECT_EQ(calls, 3);
  ExpectAlike(*index, *Load({Save(&*index)}, vectors_), vectors_);
}

// Goal: what is in when a save begins, and stays, is in what is loaded from it.
// Method: threads insert and delete upper ordinals and repair; the lower ones stay.
TEST_F(SnapshotTest, SavesBesideWriters) {
  constexpr uint32_t kStayCount = 1000;
  const auto index = MakeIndex(kStayCount);
  std::atomic<bool> stop{false};
  std::vector<std::vector<Stream>> saves(3);
  {
    std::vector<sys::Thread> threads;
    for (uint64_t seed = 0; seed < 2; ++seed) {
      threads.emplace_back("writer", [&, seed] {
        sys::Random random(seed);
        std::vector<uint32_t> mine;
        while (!stop.load()) {
          if (mine.size() < 400) {
            const uint32_t ordinal = index->Allocate().value();
            if (ordinal >= vectors_.count()) break;
            EXPECT_TRUE(index->Insert(ordinal).ok());
            mine.push_back(ordinal);
          }
          if (mine.size() > 100 && random.Below(2) == 0) {
            std::swap(mine[random.Below(mine.size())], mine.back());
            EXPECT_TRUE(index->Delete(mine.back()).ok());
            mine.pop_back();
          }
        }
      });
    }
    threads.emplace_back("repair", [&] {
      while (!stop.load()) index->Repair(64);
    });
    for (std::vector<Stream>& streams : saves) {
      streams.push_back(Save(&*index));
      for (int at = 0; at < 3; ++at) streams.push_back(Save(&*index, index->saved_epoch()));
    }
    stop = true;
  }
  for (const std::vector<Stream>& streams : saves) {
    for (const size_t count : {size_t{1}, streams.size()}) {
      const auto loaded =
          Load({streams.begin(), streams.begin() + static_cast<std::ptrdiff_t>(count)}, vectors_);
      uint32_t walked = 0;
      for (uint32_t ordinal = 0; ordinal < kStayCount; ++ordinal) {
        ASSERT_TRUE(loaded->Contains(ordinal));
        const auto found =
            loaded->Search(vectors_.Get(ordinal), {.k = 1, .strategy = Strategy::kExact});
        ASSERT_EQ(found->neighbors.size(), 1u);
        EXPECT_EQ(found->neighbors[0].distance, 0);
        const auto walk = loaded->Search(vectors_.Get(ordinal), {.k = 1});
        walked += walk->neighbors.size() == 1 && walk->neighbors[0].distance == 0 ? 1 : 0;
      }
      EXPECT_GE(walked, kStayCount * 9 / 10);
      // It goes on as any other.
      FinishRepair(&*loaded);
      for (int at = 0; at < 200; ++at) {
        const uint32_t ordinal = loaded->Allocate().value();
        if (ordinal >= vectors_.count()) break;
        ASSERT_TRUE(loaded->Insert(ordinal).ok());
      }
      FinishRepair(&*loaded);
      ExpectAlike(*loaded, *Load({Save(&*loaded)}, vectors_), vectors_);
    }
  }
}

}  // namespace
}  // namespace helios::ann
