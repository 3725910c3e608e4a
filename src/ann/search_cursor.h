#pragma once

#include <unordered_set>
#include <vector>

#include "ann/hnsw.h"
#include "ann/search.h"
#include "base/status.h"

namespace helios::ann {

// In which order a cursor gives what it finds, as pgvector's hnsw.iterative_scan.
enum class CursorOrder : uint8_t {
  kRelaxed,  // Each batch in order; a later one may hold nearer ones that were missed before.
  kStrict,   // Never nearer than before: what was missed stays out.
};

// A search that goes on: each batch has the next nearest that were not given yet, until all that
// pass have been. Each time the search begins anew with a list twice as long, so that everything
// together costs about twice the last one, and nothing is held between batches but what was given.
//
// Thread safety: none. Lifetime: index, query and filter outlive it; the index may change
// meanwhile.
class SearchCursor {
 public:
  SearchCursor(const HnswIndex& index, const VectorRef& query, const SearchOptions& options,
               CursorOrder order)
      : index_(index), query_(query), options_(options), order_(order) {}

  // The next `count`, or as many as are left; none when all were given. An error, or a search that
  // was cut short (`complete` false), leaves the cursor where it was.
  Result<SearchResult> Next(size_t count);

 private:
  const HnswIndex& index_;
  const VectorRef query_;
  SearchOptions options_;
  const CursorOrder order_;
  std::unordered_set<uint32_t> given_;
  float last_distance_ = 0;
  bool has_begun_ = false;
  bool is_exhausted_ = false;
};

}  // namespace helios::ann
