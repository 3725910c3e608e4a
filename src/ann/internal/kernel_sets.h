#pragma once

#include "ann/kernels.h"

namespace helios::ann::internal {

// Only functions are compiled for more instructions, never whole files: an inline function of a
// header must not be, because the linker keeps any one of its copies for the whole program.
extern const Kernels kPortableKernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512VnniKernels;

}  // namespace helios::ann::internal
