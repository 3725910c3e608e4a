# Compiler settings that hold for every module.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(HELIOS_SANITIZE "" CACHE STRING "Sanitizers to build with, as in -fsanitize=")
option(HELIOS_FUZZ "Build the libFuzzer targets (needs clang)" OFF)
option(HELIOS_COVERAGE "Build with gcov counters" OFF)

# Checks stay on in release: NDEBUG is never defined (STYLE section 5).
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1 -D_GLIBCXX_ASSERTIONS -DHELIOS_DEBUG_CHECKS=1")
# The oldest processor that the binary runs on; hot kernels choose wider code at run time.
add_compile_options(-march=x86-64-v2 -Wall -Wextra -Werror -Wno-missing-field-initializers)
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-strict-aliasing>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these in its own standard library under -O2 (GCC bugs 105329, 105651).
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
                      -Wno-maybe-uninitialized -Wno-dangling-pointer)
endif()
if(HELIOS_SANITIZE)
  add_compile_options(-fsanitize=${HELIOS_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${HELIOS_SANITIZE})
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -DHELIOS_DEBUG_CHECKS=1")
endif()
if(HELIOS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(HELIOS_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()
find_program(MOLD mold)
if(MOLD AND NOT HELIOS_FUZZ)
  add_link_options(-fuse-ld=mold)
endif()
