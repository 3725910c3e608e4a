#include "sys/crypto.h"

#include <gtest/gtest.h>

#include "sys/randomness.h"

namespace helios::sys {
namespace {

TEST(Crypto, Sha256AndHmac) {
  // FIPS 180-2, appendix B.1; RFC 4231, test case 2.
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crypto, Pbkdf2) {
  // RFC 7677, section 3: the server's signature in its example follows from this key.
  const std::string salted =
      Pbkdf2Sha256("pencil", Base64Decode("W22ZaJ0SNY7soEsUEjb6gQ==").value(), 4096);
  EXPECT_EQ(HexEncode(HmacSha256(salted, "Server Key")).size(), 64u);
  EXPECT_EQ(HexEncode(Pbkdf2Sha256("password", "salt", 1)),
            "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b");
}

TEST(Crypto, Base64) {
  for (const std::string_view bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)).value(), bytes);
  }
  EXPECT_EQ(Base64Encode("fooba"), "Zm9vYmE=");
  for (const std::string_view bad :
       {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zm9v=A=="}) {
    EXPECT_FALSE(Base64Decode(bad).ok()) << bad;
  }
}

TEST(Crypto, ConstantTimeEqual) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("same", "same"));
  EXPECT_FALSE(ConstantTimeEqual("same", "sane"));
  EXPECT_FALSE(ConstantTimeEqual("same", "sam"));
}

TEST(Randomness, SeededNumbersRepeatAndKeepTheirBounds) {
  Random first(42);
  Random second(42);
  Random other(43);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t number = first.Next();
    EXPECT_EQ(number, second.Next());
    differs |= number != other.Next();
    EXPECT_LT(first.Below(7), 7u);
    second.Below(7);
    const double fraction = first.NextDouble();
    EXPECT_TRUE(fraction >= 0 && fraction < 1);
    second.NextDouble();
  }
  EXPECT_TRUE(differs);
  EXPECT_NE(SecureRandom64(), SecureRandom64());
  EXPECT_EQ(SecureRandomBytes(33).size(), 33u);
}

}  // namespace
}  // namespace helios::sys
