#include <cstdint>

#include "protocol/common/scram.h"

// Two messages of a client, cut by the first byte's value.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using helios::protocol::MakeMockVerifier;
  using helios::protocol::ScramServer;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = bytes.empty() ? 0 : data[0] % (bytes.size() + 1);
  ScramServer server(MakeMockVerifier("user", "secret"), true,
                     {.with_channel_binding = (data[0] & 1) != 0,
                      .binding_is_possible = (data[0] & 2) != 0,
                      .channel_binding = "hash",
                      .server_nonce = "server"});
  if (server.FirstMessage(bytes.substr(0, cut)).ok()) {
    (void)server.FinalMessage(bytes.substr(cut)).ok();
  }
  return 0;
}
