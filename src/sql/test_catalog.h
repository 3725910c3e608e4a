// A catalog made from CREATE TABLE statements, for the tests of this module.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "catalog/snapshot.h"
#include "catalog/type_lookup.h"
#include "sql/ast_util.h"
#include "sql/deparse.h"
#include "sql/parser/parser.h"
#include "sql/plan/explain.h"
#include "sql/planner.h"

namespace helios::sql {

// Knows CREATE TABLE (columns, NOT NULL, DEFAULT, PRIMARY KEY, UNIQUE, CHECK, REFERENCES,
// GENERATED), CREATE INDEX, CREATE VIEW and CREATE TYPE AS ENUM, as far as plans need them.
class TestCatalog {
 public:
  TestCatalog() : snapshot_(catalog::EmptySnapshot()) {
    catalog::Editor editor(snapshot_);
    auto schema = std::make_shared<catalog::Schema>();
    schema->oid = catalog::kPublicSchema;
    schema->name = "public";
    schema->owner = catalog::kBootstrapRole;
    editor.Put(schema);
    snapshot_ = editor.Finish(1);
    Refresh();
  }

  // Stops the test on any error.
  void Execute(std::string_view sql) {
    auto statements = Parse(sql);
    HELIOS_CHECK(statements.ok());
    for (const RawStatement& raw : *statements) Apply(*raw.statement);
  }
  void SetRowCount(const std::string& table, uint64_t rows) { rows_[table] = rows; }

  PlannerContext Context() {
    PlannerContext context;
    context.snapshot = snapshot_;
    context.lookup = lookup_.get();
    context.role = catalog::kBootstrapRole;
    context.format = &format_;
    context.settings = settings;
    context.parameter_types = parameter_types;
    context.statistics = [this](hidb::SpaceId space) {
      hidb::SpaceStatistics statistics;
      for (const auto& [oid, object] : snapshot_->objects()) {
        const auto* table = snapshot_->FindTable(oid);
        if (table == nullptr || table->storage_id != space) continue;
        const auto found = rows_.find(table->name);
        statistics.row_count = found == rows_.end() ? 1000 : found->second;
        statistics.total_bytes = statistics.row_count * 100;
      }
      return statistics;
    };
    return context;
  }

  Result<std::unique_ptr<plan::Plan>> Plan(std::string_view sql) {
    HELIOS_TRY(auto statements, Parse(sql));
    HELIOS_CHECK(statements.size() == 1);
    PlannerContext context = Context();
    return PlanStatement(*statements[0].statement, context);
  }
  // The plan's lines without costs, or the error.
  std::string Explain(std::string_view sql, bool costs = false) {
    auto plan = Plan(sql);
    if (!plan.ok()) return ErrorText(plan.status());
    plan::ExplainOptions options;
    options.costs = costs;
    return plan::Explain(**plan, options) + "\n";
  }
  // "42703 8 column "x" does not exist"
  static std::string ErrorText(const Status& status) {
    return fmt::format("{} {} {}", SqlState(status.code()), status.info().position,
                       status.info().message);
  }
  std::string Error(std::string_view sql) {
    auto plan = Plan(sql);
    return plan.ok() ? "no error" : ErrorText(plan.status());
  }

  const catalog::Snapshot& snapshot() const { return *snapshot_; }
  const catalog::CatalogTypeLookup& lookup() const { return *lookup_; }
  PlannerSettings settings;
  std::vector<Oid> parameter_types;

 private:
  void Refresh() {
    lookup_ = std::make_unique<catalog::CatalogTypeLookup>(
        snapshot_, std::vector<Oid>{catalog::kPublicSchema});
    format_.lookup = lookup_.get();
  }
  Oid NextOid() { return next_oid_++; }

  void Put(std::shared_ptr<const catalog::Object> object) {
    catalog::Editor editor(snapshot_);
    editor.Put(std::move(object));
    snapshot_ = editor.Finish(snapshot_->version() + 1);
    Refresh();
  }

  void Apply(const ast::Statement& statement);

  void CreateEnum(const ast::CreateTypeStatement& statement);

  void CreateView(const ast::CreateViewStatement& statement);

  int16_t NumberOf(const catalog::Table& table, const std::string& column) {
    const catalog::Column* found = table.FindColumn(column);
    HELIOS_CHECK(found != nullptr);
    return found->number;
  }

  Oid AddIndex(catalog::Table* table, const std::string& name, const ast::NameList& columns,
               bool unique, bool primary);

  void AddConstraint(catalog::Table* table, const ast::Constraint& constraint,
                     const std::string& column);

  void CreateTable(const ast::CreateTableStatement& statement);

  void CreateIndex(const ast::CreateIndexStatement& statement);

  std::shared_ptr<const catalog::Snapshot> snapshot_;
  std::unique_ptr<catalog::CatalogTypeLookup> lookup_;
  TextFormat format_;
  std::map<std::string, uint64_t> rows_;
  std::vector<std::shared_ptr<const catalog::Object>> pending_;
  Oid next_oid_ = kFirstUserOid;
};

}  // namespace helios::sql
