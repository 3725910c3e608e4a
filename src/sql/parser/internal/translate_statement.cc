// Chooses the translation of a statement.
#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

namespace {

// "CreateConversionStmt" -> "CREATE CONVERSION".
std::string StatementWords(std::string_view message_name) {
  if (message_name.ends_with("Stmt")) message_name.remove_suffix(4);
  std::string words;
  for (const char c : message_name) {
    if (c >= 'A' && c <= 'Z' && !words.empty()) words += ' ';
    words += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return words;
}

}  // namespace

StatementPtr Translator::TranslateStatement(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE__NOT_SET:
      return nullptr;
    case PG_QUERY__NODE__NODE_SELECT_STMT:
      return Select(*node->select_stmt);
    case PG_QUERY__NODE__NODE_INSERT_STMT:
      return Insert(*node->insert_stmt);
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
      return Update(*node->update_stmt);
    case PG_QUERY__NODE__NODE_DELETE_STMT:
      return Delete(*node->delete_stmt);
    case PG_QUERY__NODE__NODE_MERGE_STMT:
      return Merge(*node->merge_stmt);
    case PG_QUERY__NODE__NODE_COPY_STMT:
      return Copy(*node->copy_stmt);
    case PG_QUERY__NODE__NODE_CREATE_STMT:
      return CreateTable(*node->create_stmt);
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT:
      return CreateTableAs(*node->create_table_as_stmt);
    case PG_QUERY__NODE__NODE_INDEX_STMT:
      return CreateIndex(*node->index_stmt);
    default:
      break;
  }
  if (StatementPtr statement = UtilityStatement(node)) return statement;
  if (StatementPtr statement = AlterStatement(node)) return statement;
  if (StatementPtr statement = ObjectStatement(node)) return statement;
  if (StatementPtr statement = TypeStatement(node)) return statement;
  if (StatementPtr statement = AccessStatement(node)) return statement;
  if (StatementPtr statement = MaintenanceStatement(node)) return statement;
  // Every case of the union is a message, whose own descriptor has its name.
  const auto* message = reinterpret_cast<const ProtobufCMessage*>(node->alias);
  Unsupported(StatementWords(pg::Str(message->descriptor->short_name)), -1);
  return nullptr;
}

}  // namespace helios::sql
