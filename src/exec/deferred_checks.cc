#include "exec/deferred_checks.h"

#include <algorithm>

#include "exec/executor.h"
#include "exec/internal/scan.h"
#include "exec/internal/write/counted_keys.h"
#include "exec/internal/write/foreign_keys.h"
#include "exec/internal/write/table_writer.h"
#include "exec/internal/write/unique_checks.h"

namespace helios::exec {

Status CheckUniqueNow(QueryState& query, const plan::WriteTarget& target,
                      const plan::IndexTarget& index, const std::vector<Value>& parts) {
  const std::vector<KeyColumn> columns = KeyColumnsOf(*index.layout);
  std::string key;
  for (size_t i = 0; i < columns.size(); ++i) HELIOS_TRY(AppendKey(columns[i], parts[i], &key));
  hidb::KeyRange range{key, KeyPrefixEnd(key)};
  std::string entry;
  hidb::StorageService& storage = *query.context.storage;
  HELIOS_TRY(bool one, storage.Exists(index.layout->space, range, query.NewestView(), &entry));
  if (!one) return Status::Ok();
  range.begin = KeyPrefixEnd(entry);
  HELIOS_TRY(bool two, storage.Exists(index.layout->space, range, query.NewestView(), nullptr));
  if (!two) return Status::Ok();
  Chunk values;
  for (const Value& part : parts) values.AddColumn(part.ToConstant());
  values.SetRowCount(1);
  return UniqueViolation(target, index, values, 0, query.eval.text_format);
}

namespace {

const std::string& NameOf(const DeferredChecks::Check& check) {
  const auto index = static_cast<size_t>(check.index);
  switch (check.kind) {
    case DeferredChecks::Check::Kind::kReference:
      return check.target->references[index].name;
    case DeferredChecks::Check::Kind::kReferencedBy:
      return check.target->referenced_by[index].name;
    case DeferredChecks::Check::Kind::kUnique:
      break;
  }
  return check.target->indexes[index].name;
}

bool InitiallyDeferred(const DeferredChecks::Check& check) {
  const auto index = static_cast<size_t>(check.index);
  switch (check.kind) {
    case DeferredChecks::Check::Kind::kReference:
      return check.target->references[index].initially_deferred;
    case DeferredChecks::Check::Kind::kReferencedBy:
      return check.target->referenced_by[index].initially_deferred;
    case DeferredChecks::Check::Kind::kUnique:
      break;
  }
  return check.target->indexes[index].initially_deferred;
}

Status RunOne(const DeferredChecks::Check& check, const ExecutionContext& context) {
  ExecutionContext own = context;
  QueryState query(check.plan, std::move(own));
  const auto index = static_cast<size_t>(check.index);
  ForeignKeys keys(query);
  switch (check.kind) {
    case DeferredChecks::Check::Kind::kReference: {
      // The row may be gone or changed by now; what it is today counts.
      std::vector<std::string> row_key = {check.row_key};
      Chunk rows;
      HELIOS_TRY(keys.WriterOf(*check.target).FetchNewest(&row_key, &rows));
      if (row_key.empty()) return Status::Ok();
      return keys.CheckReference(*check.target, index, rows, 0);
    }
    case DeferredChecks::Check::Kind::kReferencedBy:
      return keys.CheckReferencedBy(*check.target, index, check.key);
    case DeferredChecks::Check::Kind::kUnique:
      break;
  }
  return CheckUniqueNow(query, *check.target, check.target->indexes[index], check.key);
}

}  // namespace

Status DeferredChecks::Add(Check check) {
  HELIOS_TRY(reservation_.Add(sizeof(Check) + check.row_key.size() + BytesOf(check.key)));
  checks_.push_back(std::move(check));
  return Status::Ok();
}

bool DeferredChecks::IsDeferred(const std::string& constraint, bool initially_deferred) const {
  const auto mode = modes_.find(constraint);
  if (mode != modes_.end()) return mode->second;
  return has_mode_ ? all_deferred_ : initially_deferred;
}

void DeferredChecks::SetAll(bool deferred) {
  has_mode_ = true;
  all_deferred_ = deferred;
  modes_.clear();
}

void DeferredChecks::SetOne(const std::string& constraint, bool deferred) {
  modes_[constraint] = deferred;
}

void DeferredChecks::RollbackTo(hidb::CommandId first) {
  std::erase_if(checks_, [first](const Check& check) { return check.command >= first; });
}

Status DeferredChecks::Run(const ExecutionContext& context, bool all) {
  std::vector<Check> kept;
  Status status;
  for (Check& check : checks_) {
    const bool waits = !all && IsDeferred(NameOf(check), InitiallyDeferred(check));
    if (waits || !status.ok()) {
      kept.push_back(std::move(check));
      continue;
    }
    status = RunOne(check, context);
    if (!status.ok()) kept.push_back(std::move(check));
  }
  checks_ = std::move(kept);
  if (checks_.empty()) reservation_.Clear();
  return status;
}

}  // namespace helios::exec
