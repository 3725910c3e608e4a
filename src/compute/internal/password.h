#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compute/session.h"

namespace helios::compute {

// The stored form of a password: "SCRAM-SHA-256$4096:salt$stored:server", as PostgreSQL writes it
// (RFC 5803), with a fresh random salt.
std::string MakeScramVerifier(std::string_view password);
// The parts of a stored form; none when it is no such text.
std::optional<ScramVerifier> ParseScramVerifier(std::string_view text);

}  // namespace helios::compute
