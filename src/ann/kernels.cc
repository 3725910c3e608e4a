#include "ann/kernels.h"

#include <cpuid.h>

#include "ann/internal/kernel_sets.h"
#include "base/check.h"

namespace helios::ann {
namespace {

// Clang 14 has no name for it.
bool HasF16c() {
  unsigned int eax = 0;
  unsigned int ebx = 0;
  unsigned int ecx = 0;
  unsigned int edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

}  // namespace

bool IsSupported(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return true;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c();
    case InstructionSet::kAvx512:
      return IsSupported(InstructionSet::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
    case InstructionSet::kAvx512Vnni:
      return IsSupported(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512vnni") &&
             __builtin_cpu_supports("avx512vpopcntdq");
    case InstructionSet::kAvx512Bf16:
      return IsSupported(InstructionSet::kAvx512Vnni) && __builtin_cpu_supports("avx512bf16");
  }
  return false;
}

const Kernels& KernelsFor(InstructionSet set) {
  HELIOS_CHECK(IsSupported(set));
  switch (set) {
    case InstructionSet::kAvx2:
      return internal::kAvx2Kernels;
    case InstructionSet::kAvx512:
      return internal::kAvx512Kernels;
    case InstructionSet::kAvx512Vnni:
      return internal::kAvx512VnniKernels;
    case InstructionSet::kAvx512Bf16:
      return internal::kAvx512Bf16Kernels;
    case InstructionSet::kPortable:
      break;
  }
  return internal::kPortableKernels;
}

const Kernels& BestKernels() {
  static const Kernels& best = [&]() -> const Kernels& {
    for (size_t set = kInstructionSetCount - 1; set > 0; --set) {
      const auto candidate = static_cast<InstructionSet>(set);
      if (IsSupported(candidate)) return KernelsFor(candidate);
    }
    return KernelsFor(InstructionSet::kPortable);
  }();
  return best;
}

std::string_view InstructionSetName(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      break;
    case InstructionSet::kAvx2:
      return "AVX2";
    case InstructionSet::kAvx512:
      return "AVX-512";
    case InstructionSet::kAvx512Vnni:
      return "AVX-512 VNNI";
    case InstructionSet::kAvx512Bf16:
      return "AVX-512 BF16";
  }
  return "portable";
}

}  // namespace helios::ann
