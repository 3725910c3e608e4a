// Goal: no bytes that claim to be a saved index make loading crash, nor what is done with an index
// that was loaded from them; at worst it is an error.
// Method: the input changes bytes of streams that were saved, and checksums are made right again,
// so that it gets behind them. Sometimes the input is the stream as it is.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "ann/hnsw.h"
#include "ann/internal/block_format.h"
#include "base/check.h"

namespace {

using namespace helios;       // NOLINT: a fuzzer of one function.
using namespace helios::ann;  // NOLINT
namespace format = helios::ann::internal;

constexpr uint32_t kVectorCount = 64;
constexpr uint32_t kDimensions = 8;
constexpr size_t kEditBytes = 5;

// Of any ordinal that a damaged index may ask for.
class Vectors final : public VectorSource {
 public:
  explicit Vectors(ElementType type) : shape_{type, kDimensions} {
    for (uint32_t at = 0; at < kVectorCount; ++at) {
      for (uint32_t dimension = 0; dimension < kDimensions; ++dimension) {
        elements_[at][dimension] = static_cast<float>(at * 37 % 61 + dimension * at % 13 + 1);
      }
      words_[at] = at * 7 % 256;
    }
  }
  VectorRef Get(uint32_t ordinal) const override {
    const uint32_t at = ordinal % kVectorCount;
    if (shape_.type == ElementType::kBit) return {shape_, &words_[at], {}};
    return {shape_, elements_[at], {}};
  }
  void Prefetch(uint32_t) const override {}
  VectorShape shape() const { return shape_; }

 private:
  const VectorShape shape_;
  float elements_[kVectorCount][kDimensions];
  uint64_t words_[kVectorCount];
};

using Stream = std::vector<std::byte>;

void SaveTo(HnswIndex* index, uint64_t since, std::vector<Stream>* streams) {
  Stream& stream = streams->emplace_back();
  const auto saved = index->Save(since, [&](std::span<const std::byte> block) {
    stream.insert(stream.end(), block.begin(), block.end());
    return Status::Ok();
  });
  HELIOS_CHECK(saved.ok());
}

struct Base {
  Base(ElementType type, Metric metric, CodeKind codes, uint32_t count) : vectors(type) {
    const HnswOptions options{
        .shape = vectors.shape(), .metric = metric, .m = 2, .ef_construction = 8, .codes = codes};
    const auto index = HnswIndex::Create(options, vectors).value();
    for (uint32_t at = 0; at < count; ++at) {
      HELIOS_CHECK(index->Insert(index->Allocate().value()).ok());
    }
    HELIOS_CHECK(index->Delete(3).ok());
    SaveTo(index.get(), 0, &streams);
    HELIOS_CHECK(index->Delete(17).ok());
    HELIOS_CHECK(index->Insert(index->Allocate().value()).ok());
    SaveTo(index.get(), 1, &streams);
  }

  Vectors vectors;
  std::vector<Stream> streams;
};

const Base& BaseOf(uint8_t choice) {
  static const Base* const kBases[] = {
      new Base(ElementType::kFloat32, Metric::kL2, CodeKind::kScalar8, 300),
      new Base(ElementType::kFloat32, Metric::kCosine, CodeKind::kFull, 60),
      new Base(ElementType::kBit, Metric::kJaccard, CodeKind::kFull, 60),
      new Base(ElementType::kFloat32, Metric::kInnerProduct, CodeKind::kScalar8, 40),
      new Base(ElementType::kFloat32, Metric::kL2, CodeKind::kBfloat16, 300),
      new Base(ElementType::kFloat32, Metric::kL2, CodeKind::kRabitq, 300),
  };
  return *kBases[choice % std::size(kBases)];
}

// The bytes behind the headers of all blocks get the edits of the input; then checksums are made.
Stream Edited(const Stream& original, uint8_t stream_number, std::span<const uint8_t> edits) {
  Stream changed;
  const BlockSink sink = [&](std::span<const std::byte> block) {
    changed.insert(changed.end(), block.begin(), block.end());
    return Status::Ok();
  };
  format::BlockWriter writer(sink);
  Stream copy = original;
  format::BlockReader reader(copy);
  for (uint8_t number = 0; !reader.at_end(); ++number) {
    format::Block block = reader.Next().value();
    const std::span<std::byte> payload = writer.Begin(block.payload.size());
    std::memcpy(payload.data(), block.payload.data(), payload.size());
    for (size_t at = 0; at + kEditBytes <= edits.size(); at += kEditBytes) {
      const uint8_t* const edit = &edits[at];
      if (edit[0] % 32 != number + 16 * (stream_number % 2)) continue;
      const size_t offset = (size_t{edit[1]} | size_t{edit[2]} << 8) % payload.size();
      payload[offset] = static_cast<std::byte>(edit[3]);
      if (edit[4] == 1) block.header.number = edit[3];
      if (edit[4] == 2) block.header.kind = static_cast<format::BlockKind>(1 + edit[3] % 8);
      if (edit[4] == 3) block.header.epoch = edit[3];
      if (edit[4] > 200 && offset + 4 <= payload.size()) std::memset(&payload[offset], edit[3], 4);
    }
    static_cast<void>(writer.Write(block.header.kind, block.header.number, block.header.epoch));
  }
  return changed;
}

SnapshotPart PartOf(const Stream& stream) {
  constexpr size_t kPage = format::kBlockPageBytes;
  void* const memory = std::aligned_alloc(kPage, (stream.size() / kPage + 1) * kPage);
  if (!stream.empty()) std::memcpy(memory, stream.data(), stream.size());
  const std::shared_ptr<void> owner(memory, &std::free);
  return {{static_cast<std::byte*>(memory), stream.size()}, owner};
}

void Use(HnswIndex* index, const Vectors& vectors) {
  const std::vector<uint64_t> third((index->ordinal_count() + 1024) / 64, 0x9249249249249249);
  for (const Strategy strategy :
       {Strategy::kWalk, Strategy::kExact, Strategy::kFilteredWalk, Strategy::kBridgedWalk}) {
    SearchOptions options{.k = 5, .strategy = strategy};
    static_cast<void>(index->Search(vectors.Get(5), options).ok());
    options.filter.passing = third;
    static_cast<void>(index->Search(vectors.Get(9), options).ok());
  }
  for (uint32_t ordinal = 0; ordinal < 40; ++ordinal) {
    static_cast<void>(index->Delete(ordinal).ok());
  }
  for (int slice = 0; slice < 2000 && index->Repair(1000); ++slice) continue;
  for (int at = 0; at < 50; ++at) {
    const auto ordinal = index->Allocate();
    if (ordinal.ok()) static_cast<void>(index->Insert(*ordinal).ok());
  }
  static_cast<void>(index->Search(vectors.Get(1), {}).ok());
  std::vector<Stream> streams;
  SaveTo(index, 0, &streams);
  const SnapshotPart part = PartOf(streams[0]);
  HELIOS_CHECK(HnswIndex::Load({&part, 1}, vectors).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> rest(data + 1, size - 1);
  const Base& base = BaseOf(data[0] >> 3);
  std::vector<SnapshotPart> parts;
  if (data[0] == 255) {
    Stream raw(rest.size());
    if (!rest.empty()) std::memcpy(raw.data(), rest.data(), rest.size());
    parts.push_back(PartOf(raw));
  } else {
    const size_t stream_count = (data[0] & 4) != 0 ? 2 : 1;
    for (size_t at = 0; at < stream_count; ++at) {
      parts.push_back(PartOf(Edited(base.streams[at], static_cast<uint8_t>(at), rest)));
    }
  }
  auto loaded = HnswIndex::Load(parts, base.vectors);
  parts.clear();
  if (loaded.ok()) Use(loaded->get(), base.vectors);
  return 0;
}
