#include "base/error_codes.h"

#include "base/check.h"

namespace helios {

std::string_view SqlState(ErrorCode code) {
  switch (code) {
#define HELIOS_ERROR_CODE(name, number, sqlstate, retryable)                \
  case ErrorCode::name:                                                     \
    static_assert(sizeof(sqlstate) == 6, "a SQLSTATE has five characters"); \
    return sqlstate;
#include "base/error_codes.def"
#undef HELIOS_ERROR_CODE
  }
  HELIOS_CHECK(false);
  return {};
}

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
#define HELIOS_ERROR_CODE(name, number, sqlstate, retryable) \
  case ErrorCode::name:                                      \
    return std::string_view(#name).substr(1);
#include "base/error_codes.def"
#undef HELIOS_ERROR_CODE
  }
  HELIOS_CHECK(false);
  return {};
}

bool IsRetryable(ErrorCode code) {
  switch (code) {
#define HELIOS_ERROR_CODE(name, number, sqlstate, retryable) \
  case ErrorCode::name:                                      \
    return retryable;
#include "base/error_codes.def"
#undef HELIOS_ERROR_CODE
  }
  HELIOS_CHECK(false);
  return false;
}

}  // namespace helios
