#pragma once

#include <cstdint>
#include <functional>

namespace helios::kv {

// Room for what is going to be appended to the newest file of its kind, taken from the device
// before it is needed: a writer asks first, and where the device has no room, nothing is begun.
//
// Thread safety: none.
class AppendSpace {
 public:
  enum class Taken : uint8_t {
    kYes,
    kDeviceFull,
    kUnsupported,  // The file system cannot do it: every reservation succeeds.
  };
  // Takes these bytes of a file from the device; what was taken before may be among them.
  using Allocate = std::function<Taken(uint64_t begin, uint64_t end)>;
  // Gives something back to the device. False: there is nothing to give.
  using MakeRoom = std::function<bool()>;

  // As much as this is taken at once while the device has it.
  static constexpr uint64_t kChunkBytes = 4 << 20;

  // `slack_bytes` stay free beside the reservations, for what is appended without one.
  AppendSpace(uint64_t slack_bytes, MakeRoom make_room)
      : slack_bytes_(slack_bytes), make_room_(std::move(make_room)) {}

  // From now on `file`, an empty one, is appended to; it gets room for all reservations. False:
  // there is none, and the file before it stays the newest.
  bool Begin(const void* file, Allocate allocate);
  // The file is closed: nothing more is taken for it.
  void End(const void* file);
  // Bytes have reached the file, with or without a reservation.
  void Appended(const void* file, uint64_t byte_count);

  // False: the device has no room for this many bytes more.
  bool Reserve(uint64_t byte_count);
  // Ends a reservation, whether it was used or not.
  void Release(uint64_t byte_count) { reserved_bytes_ -= byte_count; }

 private:
  struct File {
    const void* id = nullptr;
    Allocate allocate;
    uint64_t written_end = 0;
    uint64_t taken_end = 0;
    bool is_supported = true;
  };
  bool Grow(File& file, uint64_t room_bytes) const;

  const uint64_t slack_bytes_;
  const MakeRoom make_room_;
  uint64_t reserved_bytes_ = 0;
  File newest_;
};

}  // namespace helios::kv
