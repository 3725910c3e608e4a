#include "ann/search_cursor.h"

#include <algorithm>

namespace helios::ann {

Result<SearchResult> SearchCursor::Next(size_t count) {
  SearchResult batch;
  if (is_exhausted_ || count == 0) return batch;
  // More than there are cannot be found; a sum of more would overflow.
  count = std::min(count, size_t{UINT32_MAX});
  for (size_t wanted = given_.size() + count;; wanted *= 2) {
    SearchOptions options = options_;
    options.k = wanted;
    options.ef = std::max(options_.ef, wanted);
    HELIOS_TRY(SearchResult found, index_.Search(query_, options));
    batch.report = found.report;
    batch.neighbors.clear();
    for (const Neighbor& neighbor : found.neighbors) {
      const bool comes_late =
          order_ == CursorOrder::kStrict && has_begun_ && neighbor.distance < last_distance_;
      if (given_.contains(neighbor.ordinal) || comes_late) continue;
      if (batch.neighbors.size() < count) batch.neighbors.push_back(neighbor);
    }
    if (!found.report.complete) return batch;
    const bool has_seen_all = found.neighbors.size() < wanted;
    if (batch.neighbors.size() < count && !has_seen_all) continue;
    is_exhausted_ = has_seen_all && batch.neighbors.size() < count;
    break;
  }
  for (const Neighbor& neighbor : batch.neighbors) given_.insert(neighbor.ordinal);
  if (!batch.neighbors.empty()) {
    last_distance_ = batch.neighbors.back().distance;
    has_begun_ = true;
  }
  return batch;
}

}  // namespace helios::ann
