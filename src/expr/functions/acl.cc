// Access privileges as information_schema asks for them, key words, and rows that the session
// lists.

#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "expr/internal/text_rows.h"
#include "types/io.h"

namespace helios::expr {
namespace {

using StateResult = Result<std::unique_ptr<TableFunctionState>>;

struct Privilege {
  char letter;
  std::string_view name;
};
constexpr Privilege kPrivileges[] = {
    {'a', "INSERT"},   {'r', "SELECT"},       {'w', "UPDATE"},    {'d', "DELETE"},
    {'D', "TRUNCATE"}, {'x', "REFERENCES"},   {'t', "TRIGGER"},   {'X', "EXECUTE"},
    {'U', "USAGE"},    {'C', "CREATE"},       {'T', "TEMPORARY"}, {'c', "CONNECT"},
    {'s', "SET"},      {'A', "ALTER SYSTEM"},
};

// What an owner (and everybody) may do with a new object of a kind.
Result<std::string> DefaultAcl(FunctionCall& call, std::string_view kind, uint32_t owner) {
  std::string_view owner_rights;
  std::string_view public_rights;
  switch (kind.empty() ? '\0' : kind[0]) {
    case 'r':
      owner_rights = "arwdDxt";
      break;
    case 's':
      owner_rights = "rwU";
      break;
    case 'd':
      owner_rights = "CTc";
      public_rights = "Tc";
      break;
    case 'n':
      owner_rights = "UC";
      break;
    case 'f':
      owner_rights = "X";
      public_rights = "X";
      break;
    case 'l':
      owner_rights = "U";
      public_rights = "U";
      break;
    case 'T':
      owner_rights = "U";
      public_rights = "U";
      break;
    case 't':
      owner_rights = "C";
      break;
    case 'c':
      break;
    default:
      return Error(ErrorCode::kInternal).Message("unrecognized object type abbreviation: {}", kind);
  }
  const TypeLookup* lookup = call.context.text_format.lookup;
  std::string role = std::to_string(owner);
  if (lookup != nullptr) role = lookup->NameOf(type_oid::kRegrole, owner).value_or(role);
  ArrayBuilder builder(type_oid::kAclItem);
  if (!public_rights.empty()) builder.AddBytes(fmt::format("={}/{}", public_rights, role));
  if (!owner_rights.empty()) builder.AddBytes(fmt::format("{}={}/{}", role, owner_rights, role));
  return builder.Finish();
}

Oid RoleNamed(EvalContext& context, std::string_view name) {
  if (name.empty() || context.text_format.lookup == nullptr) return kInvalidOid;
  const Result<Oid> found = context.text_format.lookup->ResolveName(type_oid::kRegrole, name);
  return found.ok() ? *found : kInvalidOid;
}

class AclRows : public TableFunctionState {
 public:
  struct Row {
    Oid grantor;
    Oid grantee;
    std::string_view privilege;
    bool grantable;
  };
  void Add(Row row) { rows_.push_back(row); }
  Status Next(Chunk* out) override {
    size_t count = 0;
    for (; count < kVectorRowsMax && next_ < rows_.size(); ++count, ++next_) {
      out->column(0).Set<uint32_t>(count, rows_[next_].grantor);
      out->column(1).Set<uint32_t>(count, rows_[next_].grantee);
      out->column(2).SetString(count, rows_[next_].privilege);
      out->column(3).Set<uint8_t>(count, rows_[next_].grantable ? 1 : 0);
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  std::vector<Row> rows_;
  size_t next_ = 0;
};

// "grantee=rights/grantor", each right followed by * when it may be passed on.
StateResult StartExplode(EvalContext& context, Arguments arguments, size_t row,
                         std::span<const SqlType>) {
  auto state = std::make_unique<AclRows>();
  for (const std::string& item : TextElements(arguments[0]->View(row))) {
    const size_t equals = item.rfind('=');
    const size_t slash = item.rfind('/');
    if (equals == std::string::npos || slash == std::string::npos || slash < equals) continue;
    const Oid grantee = RoleNamed(context, std::string_view(item).substr(0, equals));
    const Oid grantor = RoleNamed(context, std::string_view(item).substr(slash + 1));
    for (size_t i = equals + 1; i < slash; ++i) {
      for (const Privilege& privilege : kPrivileges) {
        if (privilege.letter != item[i]) continue;
        state->Add({grantor, grantee, privilege.name, i + 1 < slash && item[i + 1] == '*'});
      }
    }
  }
  return state;
}

// pg_listening_channels(): the session answers with a text[].
StateResult StartListeningChannels(EvalContext& context, Arguments, size_t,
                                   std::span<const SqlType>) {
  auto state = std::make_unique<TextRows>(context);
  if (context.session == nullptr) return state;
  Vector names({type_oid::kTextArray});
  HELIOS_TRY(context.session->Call("pg_listening_channels", {}, 0, &names, 0));
  if (names.IsNull(0)) return state;
  for (std::string& name : TextElements(names.View(0))) HELIOS_TRY(state->Add({std::move(name)}));
  return state;
}

struct Keyword {
  std::string_view word;
  char category;
  bool is_bare_label;
};
constexpr Keyword kKeywords[] = {
#define HELIOS_KEYWORD(word, category, is_bare_label) {word, category, is_bare_label},
#include "expr/tables/keywords.def"
#undef HELIOS_KEYWORD
};

class KeywordRows : public TableFunctionState {
 public:
  Status Next(Chunk* out) override {
    size_t count = 0;
    for (; count < kVectorRowsMax && next_ < std::size(kKeywords); ++count, ++next_) {
      const Keyword& keyword = kKeywords[next_];
      out->column(0).SetString(count, keyword.word);
      out->column(1).SetString(count, std::string_view(&keyword.category, 1));
      out->column(2).Set<uint8_t>(count, keyword.is_bare_label ? 1 : 0);
      out->column(3).SetString(count, CategoryName(keyword.category));
      out->column(4).SetString(count, keyword.is_bare_label ? "can be bare label" : "requires AS");
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  static std::string_view CategoryName(char category) {
    switch (category) {
      case 'C':
        return "unreserved (cannot be function or type name)";
      case 'T':
        return "reserved (can be function or type name)";
      case 'R':
        return "reserved";
      default:
        return "unreserved";
    }
  }

  size_t next_ = 0;
};
StateResult StartKeywords(EvalContext&, Arguments, size_t, std::span<const SqlType>) {
  return std::make_unique<KeywordRows>();
}

// pg_options_to_table(): "name=value" items.
StateResult StartOptions(EvalContext& context, Arguments arguments, size_t row,
                         std::span<const SqlType>) {
  auto state = std::make_unique<TextRows>(context);
  for (const std::string& option : TextElements(arguments[0]->View(row))) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos) {
      HELIOS_TRY(state->Add({option, std::nullopt}));
    } else {
      HELIOS_TRY(state->Add({option.substr(0, equals), option.substr(equals + 1)}));
    }
  }
  return state;
}

constexpr KernelEntry kKernels[] = {{"acldefault_sql", Map<DefaultAcl>}};
constexpr TableKernelEntry kTableKernels[] = {
    {"aclexplode", StartExplode},
    {"pg_listening_channels", StartListeningChannels},
    {"pg_get_keywords", StartKeywords},
    {"pg_options_to_table", StartOptions},
};

}  // namespace

std::span<const KernelEntry> AclKernels() { return kKernels; }
std::span<const TableKernelEntry> AclFunctions() { return kTableKernels; }

}  // namespace helios::expr
