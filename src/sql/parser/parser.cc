// Runs libpg_query over a text and translates what it returns.
#include "sql/parser/parser.h"

#include <pg_query.h>

#include <optional>

#include "sql/ast_util.h"
#include "sql/parser/internal/nesting.h"
#include "sql/parser/internal/parse_error.h"
#include "sql/parser/internal/pg_tree.h"
#include "sql/parser/internal/text_map.h"
#include "sql/parser/internal/translator.h"
#include "types/text.h"

namespace helios::sql {
namespace {

// What pg_query_parse_protobuf returned, freed at the end.
class PgResult {
 public:
  explicit PgResult(const std::string& text) : result_(pg_query_parse_protobuf(text.c_str())) {}
  ~PgResult() { pg_query_free_protobuf_parse_result(result_); }
  PgResult(const PgResult&) = delete;
  PgResult& operator=(const PgResult&) = delete;

  const PgQueryError* error() const { return result_.error; }
  const PgQueryProtobuf& bytes() const { return result_.parse_tree; }

 private:
  PgQueryProtobufParseResult result_;
};

// The unpacked message tree, freed at the end.
class PgTree {
 public:
  explicit PgTree(const PgQueryProtobuf& bytes)
      : tree_(pg_query__parse_result__unpack(nullptr, bytes.len,
                                             reinterpret_cast<const uint8_t*>(bytes.data))) {}
  ~PgTree() { pg_query__parse_result__free_unpacked(tree_, nullptr); }
  PgTree(const PgTree&) = delete;
  PgTree& operator=(const PgTree&) = delete;

  const PgQuery__ParseResult* get() const { return tree_; }

 private:
  PgQuery__ParseResult* tree_;
};

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

Status CheckText(std::string_view text, const TextMap& map, const ParseOptions& options) {
  if (text.size() > options.statement_bytes_max) {
    return Error(ErrorCode::kProgramLimitExceeded)
        .Message("statement of {} bytes is too long", text.size())
        .Detail("At most {} bytes are allowed.", options.statement_bytes_max);
  }
  const size_t invalid = FindInvalidUtf8(text);
  if (invalid != std::string_view::npos) {
    return Error(ErrorCode::kCharacterNotInRepertoire)
        .Message("invalid byte sequence for encoding \"UTF8\": 0x{:02x}",
                 static_cast<uint8_t>(text[invalid]));
  }
  const Nesting nesting = MeasureNesting(text, options.nesting_depth_max);
  if (nesting.depth > options.nesting_depth_max) {
    return Error(ErrorCode::kStatementTooComplex)
        .Message("stack depth limit exceeded")
        .Detail("Expressions and queries may nest {} levels deep.", options.nesting_depth_max)
        .Position(map.CharOffset(nesting.byte_offset) + 1);
  }
  return Status::Ok();
}

Result<std::vector<RawStatement>> TranslateAll(const PgQuery__ParseResult& tree,
                                               std::string_view text, const TextMap& map,
                                               const ParseOptions& options) {
  std::vector<RawStatement> statements;
  statements.reserve(tree.n_stmts);
  Translator translator(map, options.parameter_number_max);
  for (size_t i = 0; i < tree.n_stmts; ++i) {
    const PgQuery__RawStmt& raw = *tree.stmts[i];
    const size_t begin = std::min(static_cast<size_t>(raw.stmt_location), text.size());
    std::string_view slice = text.substr(begin);
    if (raw.stmt_len > 0) slice = slice.substr(0, static_cast<size_t>(raw.stmt_len));
    while (!slice.empty() && IsSpace(slice.front())) slice.remove_prefix(1);
    while (!slice.empty() && IsSpace(slice.back())) slice.remove_suffix(1);

    RawStatement& statement = statements.emplace_back();
    statement.text = slice;
    statement.location = map.CharOffset(slice.data() - text.data());
    statement.statement = translator.TranslateStatement(raw.stmt);
    HELIOS_TRY(translator.status());
    HELIOS_CHECK(statement.statement != nullptr);
    statement.statement->location = statement.location;
  }
  return statements;
}

}  // namespace

Result<std::vector<RawStatement>> Parse(std::string_view text, const ParseOptions& options) {
  const TextMap map(text);
  HELIOS_TRY(CheckText(text, map, options));
  const PgResult result{std::string(text)};
  if (result.error() != nullptr) {
    return MakeParseError(result.error()->message, result.error()->cursorpos, text, map);
  }
  const PgTree tree(result.bytes());
  if (tree.get() == nullptr) {
    return Error(ErrorCode::kInternal).Message("could not read the parser's tree");
  }
  return TranslateAll(*tree.get(), text, map, options);
}

namespace {

// Moves locations, which count from a prefix put before the text, and drops those inside the
// prefix.
void ShiftLocations(ast::Expr& root, int prefix) {
  ast::WalkExprs(root, [prefix](ast::Expr& expr) {
    expr.location = expr.location >= prefix ? expr.location - prefix : -1;
    return ast::WalkStep::kDescend;
  });
}

Status ShiftPosition(Status status, int prefix) {
  ErrorInfo& info = status.mutable_info();
  info.position = info.position > prefix ? info.position - prefix : 0;
  return status;
}

// The one expression of SELECT prefix + text + suffix, or nothing if the text is more than that.
Result<ast::ExprPtr> ParseWrapped(std::string_view prefix, std::string_view text,
                                  std::string_view suffix, const ParseOptions& options) {
  std::string wrapped(prefix);
  wrapped.append(text).append(suffix);
  const int prefix_length = static_cast<int>(prefix.size());
  auto parsed = Parse(wrapped, options);
  if (!parsed.ok()) return ShiftPosition(std::move(parsed).status(), prefix_length);
  ast::SelectStatement* select =
      parsed->size() == 1 ? ast::TryAs<ast::SelectStatement>((*parsed)[0].statement.get())
                          : nullptr;
  // Compared with SELECT of the expression alone: any other clause makes a difference.
  if (select != nullptr && select->targets.size() == 1 && select->targets[0].name.empty()) {
    ast::SelectStatement bare;
    bare.targets.push_back(std::move(select->targets[0]));
    select->targets.clear();
    if (ast::Equal(*select, ast::SelectStatement()) && bare.targets[0].expr != nullptr) {
      ShiftLocations(*bare.targets[0].expr, prefix_length);
      return std::move(bare.targets[0].expr);
    }
  }
  return Error(ErrorCode::kSyntaxError).Message("syntax error in \"{}\"", text);
}

}  // namespace

Result<ast::ExprPtr> ParseExpression(std::string_view text, const ParseOptions& options) {
  return ParseWrapped("SELECT ", text, "", options);
}

Result<ast::TypeName> ParseTypeName(std::string_view text, const ParseOptions& options) {
  auto parsed = ParseWrapped("SELECT CAST(NULL AS ", text, ")", options);
  if (!parsed.ok()) {
    return Error(parsed.status().code()).Message("invalid type name \"{}\"", text);
  }
  auto* cast = ast::TryAs<ast::Cast>(parsed->get());
  const auto* null = cast != nullptr ? ast::TryAs<ast::Constant>(cast->operand.get()) : nullptr;
  if (null == nullptr || null->constant_kind != ast::ConstantKind::kNull) {
    return Error(ErrorCode::kSyntaxError).Message("invalid type name \"{}\"", text);
  }
  cast->type.location = -1;
  return std::move(cast->type);
}

namespace {

constexpr size_t kIdentifierBytesMax = kNameBytesMax;

bool IsIdentifierByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<uint8_t>(c) >= 0x80;
}

// Whether any long identifier can be there at all: nearly all texts have none.
bool MayHaveLongIdentifier(std::string_view text) {
  if (text.size() <= kIdentifierBytesMax) return false;
  size_t run = 0;
  size_t quote = std::string_view::npos;
  for (size_t at = 0; at < text.size(); ++at) {
    run = IsIdentifierByte(text[at]) ? run + 1 : 0;
    if (run > kIdentifierBytesMax) return true;
    if (text[at] != '"') continue;
    if (quote != std::string_view::npos && at - quote > kIdentifierBytesMax) return true;
    quote = at;
  }
  return false;
}

// What an identifier token stands for: unquoted, or in lower case.
std::string IdentifierOf(std::string_view token) {
  std::string name;
  const bool quoted = token.size() >= 2 && token.front() == '"';
  for (size_t at = quoted ? 1 : 0; at < token.size() - (quoted ? 1 : 0); ++at) {
    const char c = token[at];
    if (quoted && c == '"') ++at;  // Doubled.
    name.push_back(!quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return name;
}

}  // namespace

std::vector<std::string> FindLongIdentifiers(std::string_view text) {
  std::vector<std::string> names;
  if (!MayHaveLongIdentifier(text)) return names;
  const PgQueryScanResult scanned = pg_query_scan(std::string(text).c_str());
  PgQuery__ScanResult* tokens =
      scanned.error != nullptr
          ? nullptr
          : pg_query__scan_result__unpack(nullptr, scanned.pbuf.len,
                                          reinterpret_cast<const uint8_t*>(scanned.pbuf.data));
  for (size_t i = 0; tokens != nullptr && i < tokens->n_tokens; ++i) {
    const PgQuery__ScanToken& token = *tokens->tokens[i];
    if (token.token != PG_QUERY__TOKEN__IDENT) continue;
    std::string name = IdentifierOf(text.substr(static_cast<size_t>(token.start),
                                                static_cast<size_t>(token.end - token.start)));
    if (name.size() > kIdentifierBytesMax) names.push_back(std::move(name));
  }
  if (tokens != nullptr) pg_query__scan_result__free_unpacked(tokens, nullptr);
  pg_query_free_scan_result(scanned);
  return names;
}

}  // namespace helios::sql
