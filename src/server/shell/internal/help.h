// What \? and \h print, and the words that completion offers.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace helios::shell {

std::string_view CommandHelp();

// The syntax of the statements whose name begins with `topic`; a list of topics when it is empty.
std::string StatementHelp(std::string_view topic);

// Upper-case words that begin or join statements.
std::span<const std::string_view> CompletionKeywords();

}  // namespace helios::shell
