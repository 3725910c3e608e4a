#pragma once

#include <memory>
#include <span>

#include "ann/build.h"
#include "ann/metric.h"
#include "ann/search.h"
#include "ann/snapshot.h"
#include "ann/vector.h"
#include "ann/vector_source.h"
#include "base/status.h"

namespace helios::ann {

// What walks compare.
enum class CodeKind : uint8_t {
  kScalar8,  // Eight bits an element; the nearest are compared in full afterwards.
  kRabitq,   // One bit an element, and how far that may be off; not for L1.
  kFull,     // The vectors themselves, read from the source. The only one for bits and sparse ones.
  kBfloat16,  // Sixteen bits an element, with the range of floats; not for L1.
};

struct HnswOptions {
  VectorShape shape;
  Metric metric = Metric::kL2;
  uint32_t m = 16;                 // Links of a node, twice that on level 0: 2 to 100.
  uint32_t ef_construction = 128;  // Length of the list when a node's links are chosen: 4 to 1000.
  CodeKind codes = CodeKind::kScalar8;
  uint64_t seed = 42;  // Of the levels of nodes.
};

// 22023 for options outside their ranges, 0A000 for a metric that the vectors do not have; in
// pgvector's words where it has them.
Status CheckOptions(const HnswOptions& options);

struct HnswMemory {
  size_t graph_bytes = 0;
  size_t code_bytes = 0;
  size_t other_bytes = 0;  // Bits of what lives, duplicates, what searches keep for the next one.
  size_t total() const { return graph_bytes + code_bytes + other_bytes; }
};

// Hierarchical navigable small world (Malkov, Yashunin 2018) over ordinals, changed while it is
// searched. Edges and codes are resident, full vectors stay with their source.
//
// Ordinals: Allocate gives one out; the caller puts the vector into the source and then calls
// Insert. What was deleted is never found again; its ordinal comes back from Allocate once Repair
// has taken every link to it away and no search that might know it runs. Until then its vector
// stays with the source: walks pass by it, and equal vectors share its node.
//
// Thread safety: all calls, from any thread, except as Build says. Lifetime: the source outlives
// it.
class HnswIndex {
 public:
  static Result<std::unique_ptr<HnswIndex>> Create(const HnswOptions& options,
                                                   const VectorSource& source);
  // The index that was saved, mapped in place: `parts` are a stream of Save(0, ...) and the later
  // ones upon it, oldest first. It answers as the saved one did, and goes on from its epoch. The
  // source has the vector of every ordinal that was in, and of those that were deleted and not yet
  // taken away by Repair. Of the ordinals that were in when the stream was begun, and were not
  // deleted meanwhile, none is missing; all others are free again, also those that were allocated
  // and had not been inserted.
  //
  // XX002 for a block that is damaged or does not fit the others, with the block's name; 0A000 for
  // one of a later version. Requires: each part starts on a page of 4096 bytes, may be written (a
  // private mapping, which leaves the file alone) and is not used by others while its owner lives.
  static Result<std::unique_ptr<HnswIndex>> Load(std::span<const SnapshotPart> parts,
                                                 const VectorSource& source);
  ~HnswIndex();

  // 54000 when there are as many as an index may have.
  Result<uint32_t> Allocate();
  // Finds its neighbours and links them. Codes other than full vectors learn from the first 256, or
  // while at least half of those are equal from more, some 10,000 at most; until then searches
  // scan. What they have learned stays, so the first vectors should be like the others. An error
  // leaves the index as it was, with the ordinal still allocated: 22000 for a vector that
  // CheckVector refuses or an ordinal that Allocate has not given, 23505 for one that is in
  // already.
  Status Insert(uint32_t ordinal);
  // Allocates and inserts the ordinals from 0 to count, by several threads. Requires: nothing was
  // allocated before; no other call until it returns. 57014 when it was stopped: what is in by then
  // stays.
  Status Build(uint32_t count, const BuildOptions& options);
  // From here on it is not found. 22000 for an ordinal that is not in.
  Status Delete(uint32_t ordinal);
  // Looks at up to `node_count` nodes: what links to deleted ones is linked to their neighbours
  // instead. Returns whether deleted nodes are left. One caller at a time.
  bool Repair(uint32_t node_count);

  // 22000 for a query that CheckVector refuses or a bitmap shorter than the index. Results are
  // fewer than k only when fewer pass, or the search was cut short. A bitmap that is made beside
  // inserts has room for some more.
  Result<SearchResult> Search(const VectorRef& query, const SearchOptions& options) const;

  // Gives the sink all blocks that were changed after the epoch, all there are for 0, and last the
  // root, which tells that the stream is complete. Returns the epoch of this save. Runs beside all
  // other calls: what is inserted or deleted meanwhile is in the stream or not, each whole. While
  // it runs, no ordinal is used again and no round of Repair begins. 22023 for an epoch that has
  // not been; the sink's error when it has one, after which the next save may start from the same
  // epoch.
  Result<uint64_t> Save(uint64_t since_epoch, const BlockSink& sink);
  // Of the last Save, also of the one that was loaded; 0 when there was none.
  uint64_t saved_epoch() const;

  // Whether a search can find it.
  bool Contains(uint32_t ordinal) const;
  // One above the largest ordinal that was given out: what a bitmap has to reach.
  uint32_t ordinal_count() const;
  // Those that can be found.
  uint32_t size() const;
  const HnswOptions& options() const;
  HnswMemory memory() const;

 private:
  class Impl;
  explicit HnswIndex(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace helios::ann
