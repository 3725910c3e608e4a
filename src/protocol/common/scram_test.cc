#include "protocol/common/scram.h"

#include <gtest/gtest.h>

#include "sys/crypto.h"

namespace helios::protocol {
namespace {

// The exchange of RFC 7677, section 3.
constexpr char kSalt[] = "W22ZaJ0SNY7soEsUEjb6gQ==";
constexpr char kServerNonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr char kClientFirst[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr char kNonce[] = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr char kProof[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

ScramServer MakeServer(bool is_known = true, ScramServer::Options options = {}) {
  options.server_nonce = kServerNonce;
  return ScramServer(MakeScramVerifier("pencil", sys::Base64Decode(kSalt).value(), 4096), is_known,
                     options);
}

TEST(Scram, TheExampleOfTheRfc) {
  ScramServer server = MakeServer();
  EXPECT_EQ(server.FirstMessage(kClientFirst).value(),
            fmt::format("r={},s={},i=4096", kNonce, kSalt));
  EXPECT_EQ(server.FinalMessage(fmt::format("c=biws,r={},p={}", kNonce, kProof)).value(),
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST(Scram, UnknownUsersFailAtTheEnd) {
  ScramServer server = MakeServer(false);
  ASSERT_TRUE(server.FirstMessage(kClientFirst).ok());
  EXPECT_TRUE(server.FinalMessage(fmt::format("c=biws,r={},p={}", kNonce, kProof))
                  .status()
                  .Is(ErrorCode::kInvalidPassword));
  EXPECT_EQ(MakeMockVerifier("a", "secret").salt, MakeMockVerifier("a", "secret").salt);
  EXPECT_NE(MakeMockVerifier("a", "secret").salt, MakeMockVerifier("b", "secret").salt);
}

TEST(Scram, FinalMessagesThatDoNotFit) {
  for (const std::string& bad :
       {fmt::format("c=biws,r={}x,p={}", kNonce, kProof),
        fmt::format("c=eSws,r={},p={}", kNonce, kProof), fmt::format("c=biws,r={},p=AAAA", kNonce),
        fmt::format("c=biws,r={}", kNonce), std::string("r=x"), std::string()}) {
    ScramServer server = MakeServer();
    ASSERT_TRUE(server.FirstMessage(kClientFirst).ok());
    EXPECT_TRUE(server.FinalMessage(bad).status().Is(ErrorCode::kProtocolViolation)) << bad;
  }
}

TEST(Scram, ChannelBinding) {
  const ScramServer::Options plus{
      .with_channel_binding = true, .binding_is_possible = true, .channel_binding = "hash"};
  ScramServer server = MakeServer(true, plus);
  ASSERT_TRUE(server.FirstMessage("p=tls-server-end-point,,n=,r=abc").ok());
  const std::string nonce = std::string("abc") + kServerNonce;
  const std::string wrong = fmt::format(
      "c={},r={},p={}", sys::Base64Encode("p=tls-server-end-point,,cash"), nonce, kProof);
  EXPECT_TRUE(server.FinalMessage(wrong).status().Is(ErrorCode::kInvalidAuthorization));
  const std::string right = fmt::format(
      "c={},r={},p={}", sys::Base64Encode("p=tls-server-end-point,,hash"), nonce, kProof);
  EXPECT_TRUE(server.FinalMessage(right).status().Is(ErrorCode::kInvalidPassword));
  EXPECT_FALSE(MakeServer(true, plus).FirstMessage("n,,n=,r=abc").ok());
  EXPECT_FALSE(MakeServer(true, plus).FirstMessage("y,,n=,r=abc").ok());
  EXPECT_FALSE(MakeServer(true, plus).FirstMessage("p=tls-unique,,n=,r=abc").ok());
  // A client that could, and was made to believe that we cannot.
  EXPECT_TRUE(MakeServer(true, {.binding_is_possible = true})
                  .FirstMessage("y,,n=,r=abc")
                  .status()
                  .Is(ErrorCode::kInvalidAuthorization));
  EXPECT_TRUE(MakeServer().FirstMessage("y,,n=,r=abc").ok());
  EXPECT_FALSE(MakeServer().FirstMessage("p=tls-server-end-point,,n=,r=abc").ok());
}

TEST(Scram, FirstMessagesThatAreNone) {
  for (const std::string_view bad : {"", "n", "n,", "n,,", "n,a=x,n=,r=abc", "n,,m=x,n=,r=abc",
                                     "n,,n=u", "n,,n=u,r=", "n,,n=u,r=a\x01", "q,,n=,r=abc"}) {
    EXPECT_FALSE(MakeServer().FirstMessage(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace helios::protocol
