#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace helios::ann::internal {

// A random rotation that costs n log n: signs are changed at random and a Hadamard transform
// follows, several times. Where the length is not a power of two the transforms take turns on the
// first and on the last of them, which overlap.
//
// Thread safety: all calls, from any thread.
class Rotation {
 public:
  // The same for the same arguments.
  Rotation(size_t dimension_count, uint64_t seed);

  // The length of rotated vectors: a multiple of 64, filled up with zeros before.
  size_t padded_count() const { return padded_count_; }
  // Requires: floats->size() is the dimension count. Leaves padded_count() of them, of the same
  // length as a vector.
  void Apply(std::vector<float>* floats) const;
  // Turns back, but for the filling. Requires: floats->size() is padded_count().
  void Undo(std::vector<float>* floats) const;

 private:
  void ChangeSigns(size_t round, std::vector<float>* floats) const;
  // Where the transform of a round begins.
  size_t FirstOf(size_t round) const { return round % 2 == 0 ? 0 : padded_count_ - block_count_; }

  const size_t padded_count_;
  size_t block_count_;           // The largest power of two in it.
  std::vector<uint32_t> signs_;  // Of each round and element: a float's highest bit.
};

}  // namespace helios::ann::internal
