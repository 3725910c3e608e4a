#include "expr/function_registry.h"

#include <charconv>
#include <deque>
#include <memory>
#include <unordered_map>

#include "expr/internal/families.h"

namespace helios::expr {
namespace {

struct ProcRow {
  Oid oid;
  std::string_view name;
  std::string_view key;
  std::string_view arguments;
  Oid result;
  std::string_view flags;
  uint32_t default_count;
  std::string_view argument_names;
  std::string_view outputs;
  std::string_view defaults;
};
constexpr ProcRow kProcs[] = {
#define HELIOS_PROC(oid, name, key, arguments, result, flags, defaults, names, outputs, sql) \
  {oid, name, key, arguments, result, flags, defaults, names, outputs, sql},
#include "expr/tables/functions.def"
#undef HELIOS_PROC
    // Not of pg_catalog: called by its full name only, with which it is listed here.
    {9000, "information_schema._pg_expandarray", "_pg_expandarray", "2277", type_oid::kRecord,
     "si-r", 0, "", "x 2283,n 23", ""},
};

struct OperatorRow {
  Oid oid;
  std::string_view name;
  Oid left;
  Oid right;
  Oid result;
  Oid function;
  std::string_view commutator;
  std::string_view negator;
};
constexpr OperatorRow kOperators[] = {
#define HELIOS_OPERATOR(oid, name, left, right, result, function, commutator, negator) \
  {oid, name, left, right, result, function, commutator, negator},
#include "expr/tables/operators.def"
#undef HELIOS_OPERATOR
};

struct CastRow {
  Oid source;
  Oid target;
  char context;
  char method;
  Oid function;
};
constexpr CastRow kCasts[] = {
#define HELIOS_CAST(source, target, context, method, function) \
  {source, target, context, method, function},
#include "expr/tables/casts.def"
#undef HELIOS_CAST
};

struct AggregateRow {
  Oid oid;
  std::string_view name;
  std::string_view arguments;
  Oid result;
  std::string_view flags;
  uint32_t direct_count;
};
constexpr AggregateRow kAggregates[] = {
#define HELIOS_AGGREGATE(oid, name, arguments, result, flags, direct) \
  {oid, name, arguments, result, flags, direct},
#include "expr/tables/aggregates.def"
#undef HELIOS_AGGREGATE
};

struct WindowRow {
  Oid oid;
  std::string_view name;
  std::string_view arguments;
  Oid result;
};
constexpr WindowRow kWindows[] = {
#define HELIOS_WINDOW(oid, name, arguments, result) {oid, name, arguments, result},
#include "expr/tables/window_functions.def"
#undef HELIOS_WINDOW
};

// "a,b,,c" to four names; nothing of an empty text.
std::vector<std::string> SplitList(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
    if (text.empty()) parts.emplace_back();
  }
  return parts;
}
std::vector<Oid> ParseOids(std::string_view text) {
  std::vector<Oid> oids;
  for (const std::string& part : SplitList(text, " ")) {
    Oid oid = 0;
    std::from_chars(part.data(), part.data() + part.size(), oid);
    oids.push_back(oid);
  }
  return oids;
}

Status Unsupported(FunctionCall& call, Arguments, size_t, Vector*) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("function {} is not supported for these argument types",
               call.function == nullptr ? "" : call.function->name);
}
Result<std::unique_ptr<TableFunctionState>> UnsupportedTable(EvalContext&,
                                                             std::span<const Vector* const>, size_t,
                                                             std::span<const SqlType>) {
  return Error(ErrorCode::kFeatureNotSupported)
      .Message("this set-returning function is not supported for these argument types");
}

template <typename T>
class NameIndex {
 public:
  const T* Add(std::unique_ptr<T> item) {
    const T* pointer = item.get();
    items_.push_back(std::move(item));
    all_.push_back(pointer);
    by_name_[pointer->name].push_back(pointer);
    return pointer;
  }
  std::span<const T* const> Named(std::string_view name) const {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return {};
    return found->second;
  }
  std::span<const T* const> All() const { return all_; }

 private:
  std::deque<std::unique_ptr<T>> items_;
  std::vector<const T*> all_;
  std::unordered_map<std::string_view, std::vector<const T*>> by_name_;
};

uint64_t PairKey(Oid left, Oid right) { return uint64_t{left} << 32 | right; }

class Registry {
 public:
  Registry() {
    AddFunctions();
    AddOperators();
    AddCasts();
    AddAggregates();
    AddWindowFunctions();
  }

  NameIndex<ScalarFunction> scalars;
  NameIndex<TableFunction> tables;
  NameIndex<AggregateFunction> aggregates;
  NameIndex<WindowFunction> windows;
  NameIndex<Operator> operators;
  std::vector<const Cast*> all_casts;
  std::unordered_map<uint64_t, const Cast*> casts;

 private:
  void AddFunctions();
  void AddScalar(const ProcRow& row, const KernelEntry* kernel);
  void AddTable(const ProcRow& row, TableFunctionStart start);
  void AddOperators();
  void AddCasts();
  void AddAggregates();
  void AddWindowFunctions();

  std::unordered_map<Oid, const ScalarFunction*> by_oid_;
  std::deque<Cast> cast_items_;
};

void Registry::AddFunctions() {
  std::unordered_map<std::string_view, const KernelEntry*> kernels;
  for (const auto& family : ScalarFamilies()) {
    for (const KernelEntry& entry : family) kernels.emplace(entry.key, &entry);
  }
  std::unordered_map<std::string_view, TableFunctionStart> starts;
  for (const auto& family : TableFamilies()) {
    for (const TableKernelEntry& entry : family) starts.emplace(entry.key, entry.start);
  }
  // A name with one kernel brings all its overloads: resolution must choose as PostgreSQL does.
  std::unordered_map<std::string_view, bool> known_names;
  for (const ProcRow& row : kProcs) {
    known_names[row.name] |= kernels.contains(row.key) || starts.contains(row.key);
  }
  static constexpr KernelEntry kSession = {"", CallSession};
  for (const ProcRow& row : kProcs) {
    const bool is_session = IsSessionFunction(row.name);
    if (!known_names[row.name] && !is_session) continue;
    const auto start = starts.find(row.key);
    // json_to_record is no set but gives columns as one.
    if (row.flags[3] == 'r' || start != starts.end()) {
      AddTable(row, start == starts.end() ? UnsupportedTable : start->second);
      continue;
    }
    const auto kernel = kernels.find(row.key);
    if (kernel != kernels.end()) {
      AddScalar(row, kernel->second);
    } else {
      AddScalar(row, is_session ? &kSession : nullptr);
    }
  }
}

void Registry::AddScalar(const ProcRow& row, const KernelEntry* kernel) {
  auto function = std::make_unique<ScalarFunction>();
  function->oid = row.oid;
  function->name = row.name;
  function->arguments = ParseOids(row.arguments);
  function->result = row.result;
  function->strict = row.flags[0] == 's';
  function->volatility = static_cast<Volatility>(row.flags[1]);
  function->variadic = row.flags[2] == 'v';
  function->kernel = kernel == nullptr ? Unsupported : kernel->kernel;
  function->select = kernel == nullptr ? nullptr : kernel->select;
  function->needs_session = function->kernel == CallSession;
  function->default_count = row.default_count;
  function->argument_names = SplitList(row.argument_names, ",");
  function->default_sql = SplitList(row.defaults, ", ");
  by_oid_[row.oid] = scalars.Add(std::move(function));
}

void Registry::AddTable(const ProcRow& row, TableFunctionStart start) {
  auto function = std::make_unique<TableFunction>();
  function->oid = row.oid;
  function->name = row.name;
  function->arguments = ParseOids(row.arguments);
  function->result = row.result;
  function->strict = row.flags[0] == 's';
  function->volatility = static_cast<Volatility>(row.flags[1]);
  function->variadic = row.flags[2] == 'v';
  function->default_count = row.default_count;
  function->default_sql = SplitList(row.defaults, ", ");
  function->start = start;
  for (const std::string& output : SplitList(row.outputs, ",")) {
    const size_t space = output.find(' ');
    function->column_names.push_back(output.substr(0, space));
    function->column_types.push_back(ParseOids(output.substr(space + 1)).front());
  }
  if (function->column_names.empty() && row.result != type_oid::kRecord) {
    function->column_names.emplace_back(row.name);
    function->column_types.push_back(row.result);
  }
  tables.Add(std::move(function));
}

void Registry::AddOperators() {
  for (const OperatorRow& row : kOperators) {
    const auto function = by_oid_.find(row.function);
    if (function == by_oid_.end()) continue;
    auto item = std::make_unique<Operator>();
    *item = {row.oid,    row.name,         row.left,       row.right,
             row.result, function->second, row.commutator, row.negator};
    operators.Add(std::move(item));
  }
}

void Registry::AddCasts() {
  for (const CastRow& row : kCasts) {
    const ScalarFunction* function = nullptr;
    if (row.method == 'f') {
      const auto found = by_oid_.find(row.function);
      if (found == by_oid_.end()) continue;
      function = found->second;
    }
    cast_items_.push_back({row.source, row.target, static_cast<CastContext>(row.context),
                           static_cast<CastMethod>(row.method), function});
    all_casts.push_back(&cast_items_.back());
    casts[PairKey(row.source, row.target)] = &cast_items_.back();
  }
}

void Registry::AddAggregates() {
  std::unordered_map<std::string, const AggregateEntry*> entries;
  for (const auto& family : AggregateFamilies()) {
    for (const AggregateEntry& entry : family) {
      entries.emplace(std::string(entry.name) + "/" + std::string(entry.arguments), &entry);
    }
  }
  for (const AggregateRow& row : kAggregates) {
    auto entry = entries.find(std::string(row.name) + "/" + std::string(row.arguments));
    if (entry == entries.end()) entry = entries.find(std::string(row.name) + "/*");
    if (entry == entries.end()) continue;
    auto function = std::make_unique<AggregateFunction>(entry->second->behaviour);
    function->oid = row.oid;
    function->name = row.name;
    function->arguments = ParseOids(row.arguments);
    function->result = row.result;
    function->variadic = row.flags[1] == 'v';
    function->is_ordered_set = row.flags[0] != 'n';
    function->is_hypothetical = row.flags[0] == 'h';
    function->direct_count = row.direct_count;
    aggregates.Add(std::move(function));
  }
}

void Registry::AddWindowFunctions() {
  static constexpr std::pair<std::string_view, WindowFunctionKind> kKinds[] = {
      {"row_number", WindowFunctionKind::kRowNumber},
      {"rank", WindowFunctionKind::kRank},
      {"dense_rank", WindowFunctionKind::kDenseRank},
      {"percent_rank", WindowFunctionKind::kPercentRank},
      {"cume_dist", WindowFunctionKind::kCumeDist},
      {"ntile", WindowFunctionKind::kNtile},
      {"lag", WindowFunctionKind::kLag},
      {"lead", WindowFunctionKind::kLead},
      {"first_value", WindowFunctionKind::kFirstValue},
      {"last_value", WindowFunctionKind::kLastValue},
      {"nth_value", WindowFunctionKind::kNthValue},
  };
  for (const WindowRow& row : kWindows) {
    for (const auto& [name, kind] : kKinds) {
      if (name != row.name) continue;
      auto function = std::make_unique<WindowFunction>();
      function->oid = row.oid;
      function->name = row.name;
      function->kind = kind;
      function->arguments = ParseOids(row.arguments);
      function->result = row.result;
      windows.Add(std::move(function));
    }
  }
}

const Registry& TheRegistry() {
  static const Registry* const registry = new Registry();
  return *registry;
}

// The type whose operators a type without its own uses.
Oid ComparisonType(Oid type) {
  switch (type) {
    case type_oid::kVarchar:
      return type_oid::kText;
    case type_oid::kVarbit:
      return type_oid::kVarbit;
    case type_oid::kCidr:
      return type_oid::kInet;
    case type_oid::kRegproc:
    case type_oid::kRegprocedure:
    case type_oid::kRegoper:
    case type_oid::kRegoperator:
    case type_oid::kRegclass:
    case type_oid::kRegtype:
    case type_oid::kRegrole:
    case type_oid::kRegnamespace:
    case type_oid::kRegcollation:
      return type_oid::kOid;
    case type_oid::kRecordArray:
      return type_oid::kAnyArray;
    default:
      break;
  }
  // An enum, a domain or an array of the user's: the kernels look at the actual type.
  if (type >= kFirstUserOid) return type_oid::kAnyEnum;
  const TypeInfo* info = FindType(type);
  if (info != nullptr && info->element != kInvalidOid && info->category == TypeCategory::kArray &&
      type != type_oid::kOidVector) {
    return type_oid::kAnyArray;
  }
  return type;
}
const Operator* FindComparison(std::string_view name, Oid type) {
  const Oid operand = ComparisonType(type);
  for (const Operator* candidate : TheRegistry().operators.Named(name)) {
    if (candidate->left == operand && candidate->right == operand) return candidate;
  }
  return nullptr;
}

}  // namespace

std::span<const ScalarFunction* const> ScalarFunctionsNamed(std::string_view name) {
  return TheRegistry().scalars.Named(name);
}
std::span<const TableFunction* const> TableFunctionsNamed(std::string_view name) {
  return TheRegistry().tables.Named(name);
}
std::span<const AggregateFunction* const> AggregatesNamed(std::string_view name) {
  return TheRegistry().aggregates.Named(name);
}
std::span<const WindowFunction* const> WindowFunctionsNamed(std::string_view name) {
  return TheRegistry().windows.Named(name);
}

const ScalarFunction* FindFunction(std::string_view name, std::span<const Oid> arguments) {
  for (const ScalarFunction* function : ScalarFunctionsNamed(name)) {
    if (std::equal(function->arguments.begin(), function->arguments.end(), arguments.begin(),
                   arguments.end())) {
      return function;
    }
  }
  return nullptr;
}

std::span<const Operator* const> OperatorsNamed(std::string_view name) {
  return TheRegistry().operators.Named(name);
}
const Operator* EqualityOperator(Oid type) { return FindComparison("=", type); }
const Operator* LessOperator(Oid type) { return FindComparison("<", type); }

const Cast* FindCast(Oid source, Oid target) {
  const auto& casts = TheRegistry().casts;
  const auto found = casts.find(PairKey(source, target));
  return found == casts.end() ? nullptr : found->second;
}
std::span<const Cast* const> AllCasts() { return TheRegistry().all_casts; }

std::span<const ScalarFunction* const> AllScalarFunctions() { return TheRegistry().scalars.All(); }
std::span<const TableFunction* const> AllTableFunctions() { return TheRegistry().tables.All(); }
std::span<const AggregateFunction* const> AllAggregates() { return TheRegistry().aggregates.All(); }
std::span<const WindowFunction* const> AllWindowFunctions() { return TheRegistry().windows.All(); }
std::span<const Operator* const> AllOperators() { return TheRegistry().operators.All(); }

}  // namespace helios::expr
