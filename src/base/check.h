#pragma once

namespace helios::internal {

// Prints the failed condition with its place to standard error and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace helios::internal

// Stops the process when an invariant of ours is broken. Stays on in release builds. Errors of
// users, peers and disks are Status values instead and never reach a check.
#define HELIOS_CHECK(condition)                      \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::helios::internal::CheckFailed(#condition, __FILE__, __LINE__))

// The same for checks too costly for a hot path; only in debug and sanitizer builds.
#ifdef HELIOS_DEBUG_CHECKS
#define HELIOS_DCHECK(condition) HELIOS_CHECK(condition)
#else
#define HELIOS_DCHECK(condition) static_cast<void>(sizeof(static_cast<bool>(condition)))
#endif
