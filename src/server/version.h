#pragma once

#include <string>

namespace helios::server {

// "HeliosDB 0.1.0", the compiler and the processor it was built for.
std::string VersionText();

}  // namespace helios::server
