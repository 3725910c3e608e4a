#include "compute/internal/catalog_store.h"

#include <gtest/gtest.h>

namespace helios::compute {
namespace {

using SnapshotPtr = std::shared_ptr<const catalog::Snapshot>;

std::shared_ptr<catalog::Table> MakeTable(Oid oid, std::string name) {
  auto table = std::make_shared<catalog::Table>();
  table->oid = oid;
  table->name = std::move(name);
  table->schema = catalog::kPublicSchema;
  return table;
}

// `base` with some objects put and removed, as one transaction leaves it.
SnapshotPtr After(const SnapshotPtr& base,
                  const std::vector<std::shared_ptr<const catalog::Object>>& put,
                  const std::vector<Oid>& removed = {}) {
  catalog::Editor editor(base);
  for (const Oid oid : removed) editor.Remove(oid);
  for (const auto& object : put) editor.Put(object);
  return editor.Finish(base->version() + 1);
}

class RebaseTest : public testing::Test {
 protected:
  // What becomes of a transaction that went from base_ to `mine` when others went to `theirs`.
  Result<SnapshotPtr> Rebase(const SnapshotPtr& mine, const SnapshotPtr& theirs) {
    return CatalogStore::Rebase(DiffSnapshots(*base_, *mine), *base_, theirs, 99);
  }
  SnapshotPtr base_ = After(catalog::EmptySnapshot(), {MakeTable(1, "a"), MakeTable(2, "b")});
};

TEST_F(RebaseTest, DifferenceHasWhatWasPutAndWhatIsGone) {
  const SnapshotPtr after = After(base_, {MakeTable(3, "c")}, {1});
  const CatalogChanges changes = DiffSnapshots(*base_, *after);
  ASSERT_EQ(changes.put.size(), 1u);
  EXPECT_EQ(changes.put[0]->name, "c");
  ASSERT_EQ(changes.removed.size(), 1u);
  EXPECT_EQ(changes.removed[0]->name, "a");
  EXPECT_TRUE(DiffSnapshots(*base_, *base_).empty());
}

TEST_F(RebaseTest, ChangesOfDifferentObjectsCombine) {
  const auto merged =
      Rebase(After(base_, {MakeTable(3, "mine")}), After(base_, {MakeTable(4, "theirs")}, {2}));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ((*merged)->version(), 99u);
  EXPECT_NE((*merged)->FindRelation(catalog::kPublicSchema, "mine"), nullptr);
  EXPECT_NE((*merged)->FindRelation(catalog::kPublicSchema, "theirs"), nullptr);
  EXPECT_EQ((*merged)->FindRelation(catalog::kPublicSchema, "b"), nullptr);
}

TEST_F(RebaseTest, TheSameObjectChangedTwiceIsAConflict) {
  const auto merged =
      Rebase(After(base_, {MakeTable(1, "mine")}), After(base_, {MakeTable(1, "theirs")}));
  ASSERT_FALSE(merged.ok());
  EXPECT_TRUE(merged.status().Is(ErrorCode::kSerializationFailure));
  EXPECT_TRUE(Rebase(After(base_, {}, {1}), After(base_, {}, {1}))
                  .status()
                  .Is(ErrorCode::kSerializationFailure));
}

TEST_F(RebaseTest, ANameThatWasTakenIsADuplicate) {
  const auto merged =
      Rebase(After(base_, {MakeTable(3, "same")}), After(base_, {MakeTable(4, "same")}));
  ASSERT_FALSE(merged.ok());
  EXPECT_TRUE(merged.status().Is(ErrorCode::kDuplicateTable));
  EXPECT_EQ(merged.status().info().message, "relation \"same\" already exists");
}

TEST_F(RebaseTest, ObjectsMayExchangeTheirNames) {
  const auto merged = Rebase(After(base_, {MakeTable(1, "b"), MakeTable(2, "a")}),
                             After(base_, {MakeTable(3, "c")}));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ((*merged)->FindRelation(catalog::kPublicSchema, "a")->oid, 2u);
  EXPECT_EQ((*merged)->FindRelation(catalog::kPublicSchema, "b")->oid, 1u);
}

}  // namespace
}  // namespace helios::compute
