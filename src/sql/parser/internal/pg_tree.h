// Reads libpg_query's tree: short names for its types, and strings and lists without nulls.
#pragma once

#include <pg_query/pg_query.pb-c.h>

#include <span>
#include <string>
#include <string_view>

namespace helios::sql::pg {

using Node = PgQuery__Node;
using Nodes = std::span<Node* const>;

inline std::string_view Str(const char* text) { return text != nullptr ? text : ""; }

// The node's case; NOT_SET for a null, which lists may hold.
inline PgQuery__Node__NodeCase CaseOf(const Node* node) {
  return node != nullptr ? node->node_case : PG_QUERY__NODE__NODE__NOT_SET;
}

inline bool IsSet(const Node* node) { return CaseOf(node) != PG_QUERY__NODE__NODE__NOT_SET; }

// The text of a String node, else nothing.
inline std::string_view StringOf(const Node* node) {
  return CaseOf(node) == PG_QUERY__NODE__NODE_STRING ? Str(node->string->sval) : "";
}

inline Nodes ItemsOf(const Node* node) {
  if (CaseOf(node) != PG_QUERY__NODE__NODE_LIST) return {};
  return {node->list->items, node->list->n_items};
}

}  // namespace helios::sql::pg

// The span of a repeated field.
#define HELIOS_PG_LIST(message, field) \
  ::helios::sql::pg::Nodes((message).field, (message).n_##field)
