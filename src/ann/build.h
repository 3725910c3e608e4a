#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>

namespace helios::ann {

struct BuildOptions {
  size_t thread_count = 1;
  std::stop_token stop;
  // Called now and then with how many of all are in, by the thread that called Build.
  std::function<void(uint32_t inserted, uint32_t total)> progress;
};

}  // namespace helios::ann
