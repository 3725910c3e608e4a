// \d name: the columns, indexes and constraints of relations.
#pragma once

#include <string>

#include "server/shell/internal/session.h"

namespace helios::shell {

bool DescribeRelations(Session& session, const std::string& pattern, bool verbose);

}  // namespace helios::shell
