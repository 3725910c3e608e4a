#pragma once

#include <cstdint>

#include "ann/vector.h"

namespace helios::ann {

// The full vectors of an index, by ordinal. Storage owns them, an index keeps codes; the few
// nearest by their codes are compared in full.
//
// Thread safety: all calls, from any thread. Lifetime: outlives the indexes that read from it.
class VectorSource {
 public:
  virtual ~VectorSource() = default;

  // Requires: the ordinal was given to the index and has not been released since. What is returned
  // stays valid while the ordinal does.
  virtual VectorRef Get(uint32_t ordinal) const = 0;
  // Brings the vector nearer to the processor; for what Get will be asked soon.
  virtual void Prefetch(uint32_t ordinal) const = 0;
};

// Vectors of one length that lie in a row, which somebody else keeps: a mapped file, say.
class FlatVectors final : public VectorSource {
 public:
  // Requires: the shape is not sparse.
  FlatVectors(VectorShape shape, const void* first)
      : shape_(shape), first_(static_cast<const char*>(first)), bytes_(DenseBytes(shape)) {}

  VectorRef Get(uint32_t ordinal) const override {
    return {shape_, first_ + static_cast<size_t>(ordinal) * bytes_, {}};
  }
  void Prefetch(uint32_t ordinal) const override;

 private:
  const VectorShape shape_;
  const char* const first_;
  const size_t bytes_;
};

}  // namespace helios::ann
