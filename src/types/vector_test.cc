#include "types/vector.h"

#include <gtest/gtest.h>

#include "types/value.h"

namespace helios {
namespace {

constexpr SqlType kText{type_oid::kText};
constexpr SqlType kInt4{type_oid::kInt4};

TEST(TypeTest, TableAnswersByOidAndName) {
  EXPECT_EQ(FindType(23)->sql_name, "integer");
  EXPECT_EQ(FindTypeByName("character varying")->oid, type_oid::kVarchar);
  EXPECT_EQ(FindType(1007)->element, type_oid::kInt4);
  EXPECT_EQ(FindType(123456), nullptr);
  for (const TypeInfo* type : AllTypes()) {
    if (type->array != 0) {
      EXPECT_EQ(FindType(type->array)->element, type->oid) << type->name;
    }
  }
}

TEST(StringRefTest, HoldsEveryLength) {
  const std::string bytes =
      "\x81\x7f"
      "abcdefghijklmnopqr\xff";
  for (size_t length = 0; length <= bytes.size(); ++length) {
    // What lies behind the bytes is none of its business.
    const std::string alone = bytes.substr(0, length);
    const StringRef part(std::string_view(bytes).substr(0, length));
    EXPECT_EQ(part.view(), alone);
    EXPECT_TRUE(part == StringRef(alone)) << length;
    EXPECT_EQ(part.is_inline(), length <= StringRef::kInlineBytesMax);
  }
}

TEST(StringRefTest, InlineAndLongCompareBytewise) {
  const std::string a(20, 'x');
  const std::string b = a + "y";
  EXPECT_EQ(StringRef("short").view(), "short");
  EXPECT_TRUE(StringRef(a) == StringRef(std::string(20, 'x')));
  EXPECT_LT(StringRef(a).Compare(StringRef(b)), 0);
  EXPECT_FALSE(StringRef("ab") == StringRef("ac"));
}

TEST(VectorTest, DictionaryKeepsStringsAliveAfterItsSourceIsGone) {
  const std::string text(100, 'q');
  Vector slice;
  {
    Vector source(kText);
    source.SetString(0, "first");
    source.SetString(1, text);
    source.SetNull(2);
    slice = Vector::Dictionary(source, std::make_shared<Selection>(Selection{2, 1}));
  }
  EXPECT_TRUE(slice.IsNull(0));
  EXPECT_EQ(slice.View(1), text);
  slice.Flatten(2);
  EXPECT_EQ(slice.kind(), VectorKind::kFlat);
  EXPECT_TRUE(slice.IsNull(0));
  EXPECT_EQ(slice.View(1), text);
}

TEST(VectorTest, DictionaryOfDictionaryIsOneStep) {
  Vector source(kInt4);
  for (int32_t row = 0; row < 10; ++row) source.Set<int32_t>(row, row * 10);
  const Vector once = Vector::Dictionary(source, std::make_shared<Selection>(Selection{9, 8, 7}));
  const Vector twice = Vector::Dictionary(once, std::make_shared<Selection>(Selection{2, 0}));
  EXPECT_EQ(twice.At<int32_t>(0), 70);
  EXPECT_EQ(twice.At<int32_t>(1), 90);
}

TEST(ValueTest, RoundTripsThroughAVector) {
  Vector vector(kText);
  const Value value = Value::Text("a string longer than twelve bytes");
  value.Store(&vector, 3);
  EXPECT_TRUE(Value::FromVector(vector, 3).SameAs(value));
  EXPECT_EQ(Value::Int4(5).ToConstant().At<int32_t>(77), 5);
  EXPECT_TRUE(Value::Null(kInt4).ToConstant().IsNull(1000));
}

}  // namespace
}  // namespace helios
