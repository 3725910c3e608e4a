#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace helios::sys {

std::string HostName();
int64_t ProcessId();
// Makes the directory, and its parents, where missing, for the owner alone.
Status MakeDirectories(const std::string& path);
// `path` from the root on, whether it exists or not.
std::string AbsolutePath(const std::string& path);
// 42501 when anybody but the owner may read the file (for root's files: anybody but a group).
Status CheckFileIsPrivate(const std::string& path);
// Lets the process open as many descriptors as the system allows it; returns how many.
uint64_t RaiseDescriptorLimit();

// Signals that stop a server, taken in one thread instead of wherever they hit.
class StopSignals {
 public:
  // Blocks SIGTERM and SIGINT in this thread and those it starts from now on; ignores SIGPIPE.
  static void Block();
  // Waits for one; returns its number.
  static int Wait();
  // Ends the process at once, as after a crash.
  [[noreturn]] static void ExitNow(int code);
};

}  // namespace helios::sys
