#pragma once

#include <memory>
#include <span>
#include <vector>

#include "ann/build.h"
#include "ann/metric.h"
#include "ann/search.h"
#include "ann/vector.h"
#include "ann/vector_source.h"
#include "base/status.h"

namespace helios::ann {

// What the lists hold of a vector.
enum class ListCodes : uint8_t {
  kFlat,     // Its ordinal alone; the source is read.
  kCopy,     // The vector again: as large as the source, and faster than reading that.
  kScalar8,  // Eight bits an element.
  kRabitq,   // One bit an element, and how far that may be off.
  kProduct,  // A byte for some elements together. As the two above, not for bits.
};

struct IvfOptions {
  VectorShape shape;
  // L2, inner product and cosine for dense vectors of numbers, Hamming for bits.
  Metric metric = Metric::kL2;
  // 1 to 32768; 0: four times the square root of how many vectors there are when clusters are
  // trained.
  uint32_t lists = 0;
  ListCodes codes = ListCodes::kScalar8;
  // Bytes of a code by products: 1 to the number of dimensions; 0: one for four dimensions.
  uint32_t product_bytes = 0;
  uint64_t seed = 42;
};

// 22023 for options outside their ranges, 0A000 for metrics and codes that the vectors do not have;
// in pgvector's words where it has them.
Status CheckOptions(const IvfOptions& options);

struct IvfMemory {
  size_t list_bytes = 0;
  size_t code_bytes = 0;
  size_t other_bytes = 0;  // Centers, where ordinals lie, what searches keep for the next one.
  size_t total() const { return list_bytes + code_bytes + other_bytes; }
};

// A search that goes on: pgvector's iterative scan in relaxed order. Each batch is from near to
// far, but its first may be nearer than the last of the batch before.
//
// Thread safety: calls of one object from one thread. Lifetime: the index, the query and the filter
// outlive it. What is deleted while it lives keeps its memory until it ends.
class IvfScan {
 public:
  virtual ~IvfScan() = default;

  // The next `k` of the options, none of them returned before unless it was deleted and inserted
  // meanwhile. When what was looked into has no more, the next `probes` lists are, up to
  // `probes_max`. Empty: there are no more, or the scan was cut short.
  virtual SearchResult Next() = 0;
};

// Inverted file: clusters of vectors (k-means), each with a list of its members' codes. A search
// looks into the lists whose centers are nearest. Smaller and faster to build than a graph, slower
// to search.
//
// Ordinals are the caller's, below kOrdinalCountMax; the vector is in the source before Insert. It
// stays there unchanged until the searches have ended that began before its Delete did.
//
// The clusters are those of the first vectors: until there are enough of them, all are compared.
// Who expects the index to grow far beyond gives `lists`, or builds anew.
//
// Thread safety: all calls, from any thread, except as Build says. Lifetime: the source outlives
// it.
class IvfIndex {
 public:
  static Result<std::unique_ptr<IvfIndex>> Create(const IvfOptions& options,
                                                  const VectorSource& source);
  ~IvfIndex();

  // Trains and inserts by several threads; clusters that there are from an earlier time stay.
  // Requires: the index is empty, ordinals come once; no other call until it returns. 57014 when it
  // was stopped: then what is in stays. Training runs to its end before that is seen. 22000 for a
  // vector that CheckVector refuses: the index stays empty.
  Status Build(std::span<const uint32_t> ordinals, const BuildOptions& options);
  // An error leaves the index as it was: 22000 for a vector that CheckVector refuses or an ordinal
  // out of range, 23505 for one that is in already.
  Status Insert(uint32_t ordinal);
  // From here on it is not found. 22000 for an ordinal that is not in.
  Status Delete(uint32_t ordinal);
  // Takes what was deleted out of up to `list_count` lists. Returns whether there is more to do:
  // a search may still be under way in what was replaced. One caller at a time.
  bool Compact(uint32_t list_count);

  // 22000 for a query that CheckVector refuses or a bitmap shorter than the index, 22023 for probes
  // out of range. Results are fewer than k only when fewer pass in probes_max lists, or the search
  // was cut short. A bitmap that is made beside inserts has room for some more.
  Result<SearchResult> Search(const VectorRef& query, const SearchOptions& options) const;
  // The same search, resumed as often as one likes.
  Result<std::unique_ptr<IvfScan>> Scan(const VectorRef& query, const SearchOptions& options) const;

  // One above the largest ordinal that was inserted: what a bitmap has to reach.
  uint32_t ordinal_count() const;
  // Those that can be found.
  uint32_t size() const;
  // 0 until clusters have been trained.
  uint32_t list_count() const;
  const IvfOptions& options() const;
  IvfMemory memory() const;

 private:
  class Impl;
  class ScanImpl;
  explicit IvfIndex(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace helios::ann
