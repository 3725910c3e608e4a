// helios_ann_bench.h around hnswlib, which it does not change: what is timed is its own searchKnn.

#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "helios_ann_bench.h"

namespace {

thread_local std::string last_error;
thread_local uint64_t counted_distances = 0;
thread_local hnswlib::DISTFUNC<float> counted_function = nullptr;

float CountDistance(const void* a, const void* b, const void* parameter) {
  ++counted_distances;
  return counted_function(a, b, parameter);
}

class BitmapFilter final : public hnswlib::BaseFilterFunctor {
 public:
  BitmapFilter(const uint64_t* words, uint64_t word_count)
      : words_(words), bit_count_(word_count * 64) {}
  bool operator()(hnswlib::labeltype label) override {
    return label < bit_count_ && (words_[label / 64] >> (label % 64) & 1) != 0;
  }

 private:
  const uint64_t* const words_;
  const uint64_t bit_count_;
};

template <typename Body>
int Guard(Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception& error) {
    last_error = error.what();
    return -1;
  }
}

}  // namespace

struct HeliosAnnIndex {
  std::unique_ptr<hnswlib::SpaceInterface<float>> space;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
  uint32_t dimensions = 0;
  uint32_t m = 0;
  uint32_t ef_construction = 0;
  std::atomic<uint64_t> next_label = 0;
};

const char* HeliosAnnError() { return last_error.c_str(); }

HeliosAnnIndex* HeliosAnnCreateHnsw(int metric, uint32_t dimensions, uint32_t m,
                                    uint32_t ef_construction, int codes) {
  if (codes != HELIOS_ANN_CODES_FULL) {
    last_error = "hnswlib has no codes";
    return nullptr;
  }
  auto index = std::make_unique<HeliosAnnIndex>();
  if (metric == HELIOS_ANN_METRIC_L2) {
    index->space = std::make_unique<hnswlib::L2Space>(dimensions);
  } else {
    index->space = std::make_unique<hnswlib::InnerProductSpace>(dimensions);
  }
  index->dimensions = dimensions;
  index->m = m;
  index->ef_construction = ef_construction;
  return index.release();
}

HeliosAnnIndex* HeliosAnnCreateIvf(int, uint32_t, uint32_t, int, uint32_t) {
  last_error = "hnswlib has no inverted file";
  return nullptr;
}

void HeliosAnnFree(HeliosAnnIndex* index) { delete index; }

int HeliosAnnBuild(HeliosAnnIndex* index, float* vectors, uint64_t count, uint64_t capacity,
                   uint32_t thread_count) {
  return Guard([&] {
    index->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(
        index->space.get(), capacity, index->m, index->ef_construction, 100,
        /*allow_replace_deleted=*/true);
    index->next_label = count;
    std::atomic<uint64_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < thread_count; ++i) {
      threads.emplace_back([&] {
        try {
          for (uint64_t row = next++; row < count; row = next++) {
            index->graph->addPoint(vectors + row * index->dimensions, row);
          }
        } catch (...) {
          const std::lock_guard lock(mutex);
          failure = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
  });
}

int HeliosAnnSave(HeliosAnnIndex* index, const char* path) {
  return Guard([&] { index->graph->saveIndex(path); });
}

int HeliosAnnLoad(HeliosAnnIndex* index, const char* path, float*, uint64_t count,
                  uint64_t capacity) {
  return Guard([&] {
    index->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(
        index->space.get(), path, /*nmslib=*/false, capacity, /*allow_replace_deleted=*/true);
    index->next_label = count;
  });
}

uint64_t HeliosAnnMemoryBytes(HeliosAnnIndex*) { return 0; }

int HeliosAnnSearch(HeliosAnnIndex* index, HeliosAnnBatch* batch) {
  return Guard([&] {
    hnswlib::HierarchicalNSW<float>& graph = *index->graph;
    // Setting it would race with searches of other threads that use another.
    if (graph.ef_ != batch->effort) graph.setEf(batch->effort);
    const hnswlib::DISTFUNC<float> function = graph.fstdistfunc_;
    if (batch->distance_counts != nullptr) {
      counted_function = function;
      graph.fstdistfunc_ = CountDistance;
    }
    for (uint64_t q = 0; q < batch->query_count; ++q) {
      const float* query = batch->queries + q * index->dimensions;
      counted_distances = 0;
      const auto started = std::chrono::steady_clock::now();
      BitmapFilter filter(batch->passing + q * batch->passing_stride, batch->passing_words);
      auto found = graph.searchKnn(query, batch->k, batch->passing == nullptr ? nullptr : &filter);
      int64_t* out = batch->ordinals + q * batch->k;
      std::fill(out + found.size(), out + batch->k, -1);
      while (!found.empty()) {
        out[found.size() - 1] = static_cast<int64_t>(found.top().second);
        found.pop();
      }
      batch->nanoseconds[q] = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                  std::chrono::steady_clock::now() - started)
                                  .count();
      if (batch->distance_counts != nullptr) batch->distance_counts[q] = counted_distances;
      if (batch->strategies != nullptr) {
        batch->strategies[q] = batch->passing == nullptr ? HELIOS_ANN_STRATEGY_WALK
                                                         : HELIOS_ANN_STRATEGY_FILTERED_WALK;
      }
    }
    graph.fstdistfunc_ = function;
  });
}

int HeliosAnnDelete(HeliosAnnIndex* index, uint64_t ordinal) {
  return Guard([&] { index->graph->markDelete(ordinal); });
}

int64_t HeliosAnnInsert(HeliosAnnIndex* index, const float* vector) {
  const uint64_t label = index->next_label++;
  const int done = Guard([&] { index->graph->addPoint(vector, label, /*replace_deleted=*/true); });
  return done == 0 ? static_cast<int64_t>(label) : -1;
}

int HeliosAnnRepair(HeliosAnnIndex*, uint32_t) { return 0; }
