#include <gtest/gtest.h>

#include "catalog/names.h"
#include "catalog/snapshot.h"
#include "catalog/type_lookup.h"

namespace helios::catalog {
namespace {

std::shared_ptr<Table> MakeTable(Oid oid, std::string name) {
  auto table = std::make_shared<Table>();
  table->oid = oid;
  table->name = std::move(name);
  table->schema = kPublicSchema;
  table->owner = kBootstrapRole;
  table->storage_id = oid;
  Column column;
  column.number = 1;
  column.name = "a";
  column.type = {type_oid::kVarchar, 14};
  column.not_null = true;
  column.default_sql = "'x'::character varying";
  table->columns = {column};
  Constraint check;
  check.oid = oid + 1;
  check.name = "positive";
  check.columns = {1};
  check.check_sql = "(a <> ''::text)";
  table->constraints = {check};
  table->comments[1] = "the only column";
  return table;
}

std::shared_ptr<Schema> MakePublic() {
  auto schema = std::make_shared<Schema>();
  schema->oid = kPublicSchema;
  schema->name = "public";
  schema->owner = kBootstrapRole;
  return schema;
}

TEST(ObjectCodecTest, EveryFieldOfATableComesBack) {
  const std::string bytes = EncodeObject(*MakeTable(20000, "t"));
  Result<std::shared_ptr<const Object>> decoded = DecodeObject(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  const auto& table = static_cast<const Table&>(**decoded);
  EXPECT_EQ(table.name, "t");
  ASSERT_EQ(table.columns.size(), 1u);
  EXPECT_EQ(table.columns[0].type.typmod, 14);
  EXPECT_TRUE(table.columns[0].not_null);
  EXPECT_EQ(table.constraints[0].check_sql, "(a <> ''::text)");
  EXPECT_EQ(table.comments.at(1), "the only column");
  EXPECT_EQ(EncodeObject(table), bytes);
}

TEST(ObjectCodecTest, MalformedRecordsAreErrors) {
  for (const char* bytes : {"", "7", "{}", "{\"kind\":\"table\"}", "{\"kind\":\"what\",\"oid\":1}",
                            "{\"kind\":\"table\",\"oid\":\"x\",\"name\":\"t\"}"}) {
    EXPECT_TRUE(DecodeObject(bytes).status().Is(ErrorCode::kDataCorrupted)) << bytes;
  }
}

TEST(SnapshotTest, EditsLeaveTheBaseAlone) {
  Editor editor(EmptySnapshot());
  editor.Put(MakePublic());
  editor.Put(MakeTable(20000, "t"));
  const auto first = editor.Finish(1);
  editor.Put(MakeTable(20000, "renamed"));
  editor.Put(MakeTable(20010, "other"));
  editor.Remove(20010);
  const auto second = editor.Finish(2);
  EXPECT_NE(first->FindRelation(kPublicSchema, "t"), nullptr);
  EXPECT_EQ(second->FindRelation(kPublicSchema, "t"), nullptr);
  EXPECT_EQ(second->FindRelation(kPublicSchema, "renamed")->oid, 20000u);
  EXPECT_EQ(second->FindRelation(kPublicSchema, "other"), nullptr);
  EXPECT_EQ(second->version(), 2u);
}

TEST(SnapshotTest, SystemTablesAreFoundByNameAndOid) {
  const auto snapshot = EmptySnapshot();
  const SystemTable* pg_class = snapshot->FindSystemTable(kPgCatalogSchema, "pg_class");
  ASSERT_NE(pg_class, nullptr);
  EXPECT_EQ(pg_class->oid, 1259u);
  EXPECT_EQ(snapshot->FindSystemTable(1259), pg_class);
  EXPECT_NE(snapshot->FindSystemTable(kInformationSchema, "columns"), nullptr);
}

TEST(TypeLookupTest, ResolvesAndPrintsNames) {
  Editor editor(EmptySnapshot());
  editor.Put(MakePublic());
  editor.Put(MakeTable(20000, "t"));
  editor.Put(MakeTable(20010, "Mixed Case"));
  auto mood = std::make_shared<UserType>();
  mood->oid = 20020;
  mood->array_oid = 20021;
  mood->name = "mood";
  mood->schema = kPublicSchema;
  mood->labels = {{100, 1, "sad"}, {200, 2, "happy"}};
  editor.Put(mood);
  const CatalogTypeLookup lookup(editor.Finish(1), {kPublicSchema});
  EXPECT_EQ(lookup.ResolveName(type_oid::kRegclass, "T").value(), 20000u);
  EXPECT_EQ(lookup.ResolveName(type_oid::kRegclass, "public.\"Mixed Case\"").value(), 20010u);
  EXPECT_EQ(lookup.ResolveName(type_oid::kRegclass, "pg_class").value(), 1259u);
  EXPECT_TRUE(
      lookup.ResolveName(type_oid::kRegclass, "nope").status().Is(ErrorCode::kUndefinedTable));
  EXPECT_EQ(lookup.ResolveName(type_oid::kRegtype, "mood[]").value(), 20021u);
  EXPECT_EQ(lookup.ResolveName(type_oid::kRegtype, "integer").value(), type_oid::kInt4);
  EXPECT_EQ(lookup.NameOf(type_oid::kRegclass, 20010).value(), "\"Mixed Case\"");
  EXPECT_EQ(lookup.EnumKey(20020, "happy").value(), 200);
  EXPECT_EQ(lookup.EnumLabel(20020, 100).value(), "sad");
  EXPECT_FALSE(lookup.EnumKey(20020, "angry").has_value());
  EXPECT_EQ(lookup.FindUserType(20021)->element, 20020u);
}

TEST(NamesTest, QualifiedNamesSplitAndQuote) {
  EXPECT_EQ(ParseQualifiedName(" Public . \"A\"\"b\" ").value(),
            (std::vector<std::string>{"public", "A\"b"}));
  EXPECT_EQ(ParseQualifiedName("My-Table.1a").value(),
            (std::vector<std::string>{"my-table", "1a"}));
  for (const char* bad : {"", "a.", ".a", "\"a", "a b", "\"\""}) {
    EXPECT_FALSE(ParseQualifiedName(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace helios::catalog
