#pragma once

// For tests over RocksDB, in one file a binary: RocksDB is the distribution's build, without
// ThreadSanitizer's instrumentation, so what its own atomics order looks like races. Everything
// else is checked.
#ifdef __SANITIZE_THREAD__
// A suppressed race in a large value is one for each of its words; ThreadSanitizer would look each
// up in the list of all those before it.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "suppress_equal_addresses=0"; }
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n"
         "called_from_lib:librocksdb.so\n"
         // Its leader of a write group appends the followers' batches to one that all groups share.
         "race:std::__cxx11::basic_string*_M_replace_aux\n";
}
#endif
