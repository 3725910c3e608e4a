// What bench/ann asks of a library that holds a vector index. Ours implements it
// (libhelios_ann_bench.so), and so does hnswlib_shim.cc around hnswlib, so that both are timed by
// the same code and no query of theirs passes through Python.
//
// Functions that return int return 0, or -1 with the text in HeliosAnnError. Ordinals of a build
// are 0 to count - 1.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HELIOS_ANN_METRIC_L2 0
#define HELIOS_ANN_METRIC_COSINE 1  // All vectors have length one.

// Of a graph or of the lists of an inverted file; which there are is the library's affair.
#define HELIOS_ANN_CODES_FULL 0
#define HELIOS_ANN_CODES_SCALAR8 1
#define HELIOS_ANN_CODES_RABITQ 2
#define HELIOS_ANN_CODES_PRODUCT 3
#define HELIOS_ANN_CODES_COPY 4

#define HELIOS_ANN_STRATEGY_PLANNED (-1)
#define HELIOS_ANN_STRATEGY_WALK 0
#define HELIOS_ANN_STRATEGY_RETURN_ALL 1
#define HELIOS_ANN_STRATEGY_EXACT 2
#define HELIOS_ANN_STRATEGY_FILTERED_WALK 3
#define HELIOS_ANN_STRATEGY_BRIDGED_WALK 4

typedef struct HeliosAnnIndex HeliosAnnIndex;

// The last error of this thread.
const char* HeliosAnnError(void);

// Null after an error. `ef_construction` and `m` as in HNSW.
HeliosAnnIndex* HeliosAnnCreateHnsw(int metric, uint32_t dimensions, uint32_t m,
                                    uint32_t ef_construction, int codes);
// `lists` 0 and `product_bytes` 0 stand for the library's choice.
HeliosAnnIndex* HeliosAnnCreateIvf(int metric, uint32_t dimensions, uint32_t lists, int codes,
                                   uint32_t product_bytes);
void HeliosAnnFree(HeliosAnnIndex* index);

// `vectors` has room for `capacity` rows of which the first `count` are there. The caller keeps it
// alive; only HeliosAnnInsert writes into it, into the row of the ordinal that it returns. A
// library that copies its vectors need not look at it again.
int HeliosAnnBuild(HeliosAnnIndex* index, float* vectors, uint64_t count, uint64_t capacity,
                   uint32_t thread_count);
// A built index on disk and back; -1 where the library cannot.
int HeliosAnnSave(HeliosAnnIndex* index, const char* path);
int HeliosAnnLoad(HeliosAnnIndex* index, const char* path, float* vectors, uint64_t count,
                  uint64_t capacity);
// What the index itself counts as its resident memory; 0 where it does not count.
uint64_t HeliosAnnMemoryBytes(HeliosAnnIndex* index);

// A batch of queries, answered one after another on the calling thread.
typedef struct {
  const float* queries;
  uint64_t query_count;
  uint32_t k;
  uint32_t effort;  // ef_search of a graph, probes of an inverted file.
  // Bit i of word i / 64 is set where the ordinal i may be returned. Null: all may. The bitmap of
  // query q begins at passing + q * passing_stride, so that a stride of 0 gives all the same.
  const uint64_t* passing;
  uint64_t passing_words;  // Of one bitmap.
  uint64_t passing_stride;
  int32_t strategy;
  // Out. Ordinals from near to far, k for each query, -1 where there are no more.
  int64_t* ordinals;
  uint64_t* nanoseconds;  // Wall clock, for each query.
  // The following may be null. Counting may slow a library down: then it counts only if asked.
  uint64_t* distance_counts;
  int32_t* strategies;
} HeliosAnnBatch;

int HeliosAnnSearch(HeliosAnnIndex* index, HeliosAnnBatch* batch);

// From here on the ordinal is not found.
int HeliosAnnDelete(HeliosAnnIndex* index, uint64_t ordinal);
// The ordinal that the vector got, or -1. Beside searches and deletes of other threads.
int64_t HeliosAnnInsert(HeliosAnnIndex* index, const float* vector);
// Does a bounded slice of what deletes left to do, `node_count` nodes or lists of it: 1 while there
// is more to do, 0 when there is none, -1 after an error.
int HeliosAnnRepair(HeliosAnnIndex* index, uint32_t node_count);

#ifdef __cplusplus
}
#endif
