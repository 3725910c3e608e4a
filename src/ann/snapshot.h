#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "base/status.h"

namespace helios::ann {

// Takes the blocks of a snapshot, one a call and in order: whole pages of 4096 bytes, valid until
// it returns. What it is given, end to end, is what Load reads. docs/formats/ann.md.
using BlockSink = std::function<Status(std::span<const std::byte> block)>;

// All that a Save gave to its sink.
struct SnapshotPart {
  std::span<std::byte> bytes;
  // Keeps the bytes where they are, for as long as an index that was loaded from them lives; shared
  // because only the index knows when that ends. May be null when the caller sees to it.
  std::shared_ptr<const void> owner;
};

}  // namespace helios::ann
