#include <cstdint>

#include "protocol/pg/messages.h"

// The first byte picks the decoder; whatever follows must be decoded or refused.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios::protocol::pg;  // NOLINT: a fuzzer of one function.
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      (void)DecodeStartupPacket(body).ok();
      break;
    case 1:
      (void)DecodeParse(body).ok();
      break;
    case 2:
      (void)DecodeBind(body).ok();
      break;
    case 3:
      (void)DecodeTarget(body).ok();
      break;
    case 4:
      (void)DecodeExecute(body).ok();
      break;
    case 5:
      (void)DecodeString(body).ok();
      break;
    default:
      (void)DecodeSaslInitial(body).ok();
      break;
  }
  return 0;
}
