// helios_ann_bench.h around HeliosDB's own indexes.

#include "helios_ann_bench.h"

#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "ann/hnsw.h"
#include "ann/ivf.h"
#include "ann/vector_source.h"

namespace {

using helios::Result;
using helios::Status;
using helios::ann::BuildOptions;
using helios::ann::CodeKind;
using helios::ann::FlatVectors;
using helios::ann::Float32Vector;
using helios::ann::HnswIndex;
using helios::ann::IvfIndex;
using helios::ann::ListCodes;
using helios::ann::Metric;
using helios::ann::SearchOptions;
using helios::ann::SearchResult;
using helios::ann::Strategy;
using helios::ann::VectorShape;

thread_local std::string last_error;

int Return(const Status& status) {
  if (status.ok()) return 0;
  last_error = status.ToString();
  return -1;
}

Metric MetricOf(int metric) {
  return metric == HELIOS_ANN_METRIC_L2 ? Metric::kL2 : Metric::kCosine;
}

}  // namespace

// Of the two kinds of index one is there once it is built: before that nobody knows the vectors.
struct HeliosAnnIndex {
  bool is_graph = true;
  helios::ann::HnswOptions graph_options;
  helios::ann::IvfOptions list_options;
  float* vectors = nullptr;
  uint64_t capacity = 0;
  std::unique_ptr<FlatVectors> source;
  std::unique_ptr<HnswIndex> graph;
  std::unique_ptr<IvfIndex> lists;

  size_t dimensions() const { return graph_options.shape.dimension_count; }
  Result<SearchResult> Search(const float* query, const SearchOptions& options) const {
    const auto vector = Float32Vector({query, dimensions()});
    return is_graph ? graph->Search(vector, options) : lists->Search(vector, options);
  }
};

namespace {

std::unique_ptr<HeliosAnnIndex> MakeIndex(int metric, uint32_t dimensions) {
  auto index = std::make_unique<HeliosAnnIndex>();
  const VectorShape shape{helios::ann::ElementType::kFloat32, dimensions};
  index->graph_options.shape = shape;
  index->graph_options.metric = MetricOf(metric);
  index->list_options.shape = shape;
  index->list_options.metric = MetricOf(metric);
  return index;
}

Status Build(HeliosAnnIndex* index, uint64_t count, uint32_t thread_count) {
  index->source = std::make_unique<FlatVectors>(index->graph_options.shape, index->vectors);
  const BuildOptions options{.thread_count = thread_count};
  if (index->is_graph) {
    HELIOS_TRY(index->graph, HnswIndex::Create(index->graph_options, *index->source));
    return index->graph->Build(static_cast<uint32_t>(count), options);
  }
  HELIOS_TRY(index->lists, IvfIndex::Create(index->list_options, *index->source));
  std::vector<uint32_t> ordinals(count);
  std::iota(ordinals.begin(), ordinals.end(), 0u);
  return index->lists->Build(ordinals, options);
}

Status SearchBatch(HeliosAnnIndex* index, HeliosAnnBatch* batch) {
  using Clock = std::chrono::steady_clock;
  for (uint64_t query = 0; query < batch->query_count; ++query) {
    SearchOptions options;
    options.k = batch->k;
    if (index->is_graph) {
      options.ef = batch->effort;
    } else {
      options.probes = batch->effort;
    }
    if (batch->passing != nullptr) {
      options.filter.passing = {batch->passing + query * batch->passing_stride,
                                batch->passing_words};
    }
    if (batch->strategy != HELIOS_ANN_STRATEGY_PLANNED) {
      options.strategy = static_cast<Strategy>(batch->strategy);
    }
    const Clock::time_point start = Clock::now();
    HELIOS_TRY(const SearchResult result,
               index->Search(batch->queries + query * index->dimensions(), options));
    batch->nanoseconds[query] = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
    int64_t* const ordinals = batch->ordinals + query * batch->k;
    for (size_t at = 0; at < batch->k; ++at) {
      ordinals[at] = at < result.neighbors.size() ? int64_t{result.neighbors[at].ordinal} : -1;
    }
    if (batch->distance_counts != nullptr) {
      batch->distance_counts[query] = result.report.distance_count;
    }
    if (batch->strategies != nullptr) {
      batch->strategies[query] = static_cast<int32_t>(result.report.strategy);
    }
  }
  return Status::Ok();
}

}  // namespace

const char* HeliosAnnError() { return last_error.c_str(); }

HeliosAnnIndex* HeliosAnnCreateHnsw(int metric, uint32_t dimensions, uint32_t m,
                                    uint32_t ef_construction, int codes) {
  auto index = MakeIndex(metric, dimensions);
  index->graph_options.m = m;
  index->graph_options.ef_construction = ef_construction;
  index->graph_options.codes = codes == HELIOS_ANN_CODES_FULL     ? CodeKind::kFull
                               : codes == HELIOS_ANN_CODES_RABITQ ? CodeKind::kRabitq
                                                                  : CodeKind::kScalar8;
  if (Return(CheckOptions(index->graph_options)) != 0) return nullptr;
  return index.release();
}

HeliosAnnIndex* HeliosAnnCreateIvf(int metric, uint32_t dimensions, uint32_t lists, int codes,
                                   uint32_t product_bytes) {
  auto index = MakeIndex(metric, dimensions);
  index->is_graph = false;
  index->list_options.lists = lists;
  index->list_options.product_bytes = product_bytes;
  index->list_options.codes = codes == HELIOS_ANN_CODES_FULL      ? ListCodes::kFlat
                              : codes == HELIOS_ANN_CODES_COPY    ? ListCodes::kCopy
                              : codes == HELIOS_ANN_CODES_RABITQ  ? ListCodes::kRabitq
                              : codes == HELIOS_ANN_CODES_PRODUCT ? ListCodes::kProduct
                                                                  : ListCodes::kScalar8;
  if (Return(CheckOptions(index->list_options)) != 0) return nullptr;
  return index.release();
}

void HeliosAnnFree(HeliosAnnIndex* index) { delete index; }

int HeliosAnnBuild(HeliosAnnIndex* index, float* vectors, uint64_t count, uint64_t capacity,
                   uint32_t thread_count) {
  index->vectors = vectors;
  index->capacity = capacity;
  return Return(Build(index, count, thread_count));
}

int HeliosAnnSave(HeliosAnnIndex*, const char*) {
  last_error = "snapshots are not for the benchmark";
  return -1;
}

int HeliosAnnLoad(HeliosAnnIndex*, const char*, float*, uint64_t, uint64_t) {
  last_error = "snapshots are not for the benchmark";
  return -1;
}

uint64_t HeliosAnnMemoryBytes(HeliosAnnIndex* index) {
  return index->is_graph ? index->graph->memory().total() : index->lists->memory().total();
}

int HeliosAnnSearch(HeliosAnnIndex* index, HeliosAnnBatch* batch) {
  return Return(SearchBatch(index, batch));
}

int HeliosAnnDelete(HeliosAnnIndex* index, uint64_t ordinal) {
  const auto narrow = static_cast<uint32_t>(ordinal);
  return Return(index->is_graph ? index->graph->Delete(narrow) : index->lists->Delete(narrow));
}

int64_t HeliosAnnInsert(HeliosAnnIndex* index, const float* vector) {
  if (!index->is_graph) {
    last_error = "only graphs give ordinals out";
    return -1;
  }
  const Result<uint32_t> ordinal = index->graph->Allocate();
  if (Return(ordinal.status()) != 0) return -1;
  if (*ordinal >= index->capacity) {
    last_error = "there is no room for more vectors";
    return -1;
  }
  std::memcpy(index->vectors + *ordinal * index->dimensions(), vector,
              index->dimensions() * sizeof(float));
  return Return(index->graph->Insert(*ordinal)) == 0 ? int64_t{*ordinal} : -1;
}

int HeliosAnnRepair(HeliosAnnIndex* index, uint32_t node_count) {
  return (index->is_graph ? index->graph->Repair(node_count) : index->lists->Compact(node_count))
             ? 1
             : 0;
}
