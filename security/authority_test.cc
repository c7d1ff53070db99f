#include "security/authority.h"

#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "security/certificate.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const absl::Time kStart = absl::FromUnixSeconds(1700000000);

CertificateTerms Terms(const std::string& name) { return {name, kStart, kStart + absl::Hours(24)}; }

KeyPair Authority() { return *MakeAuthority(Terms("Trial authority")); }

TEST(AuthorityTest, SignsAServerForItsNamesAndAddresses) {
  CertificateTerms terms = Terms("coordinator");
  terms.server = true;
  terms.hosts = {"localhost", "127.0.0.1", "::1", "node-1.example.org"};
  const auto pair = IssueCertificate(Authority(), terms);
  ASSERT_TRUE(pair.ok()) << pair.status();
  const auto facts = ReadCertificateFacts("server.pem", pair->certificate);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->name, "coordinator");
  EXPECT_EQ(facts->issuer, "Trial authority");
  EXPECT_THAT(facts->hosts, ElementsAre("localhost", "127.0.0.1", "::1", "node-1.example.org"));
  EXPECT_EQ(facts->not_before, kStart);
  EXPECT_EQ(facts->not_after, kStart + absl::Hours(24));
  EXPECT_TRUE(CheckKey("server.pem", pair->certificate, "server-key.pem", pair->key).ok());
}

TEST(AuthorityTest, AKeyOfAnotherCertificateIsRefusedByName) {
  const KeyPair authority = Authority();
  const auto one = IssueCertificate(authority, Terms("one"));
  const auto two = IssueCertificate(authority, Terms("two"));
  const absl::Status status = CheckKey("one.pem", one->certificate, "two-key.pem", two->key);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("two-key.pem: is not the key of the certificate in one.pem"));
  EXPECT_THAT(std::string(CheckKey("a", one->certificate, "b", "").message()),
              HasSubstr("b: holds no private key"));
  EXPECT_THAT(std::string(CheckKey("a", "", "b", one->key).message()), HasSubstr("a: holds no certificate"));
}

TEST(AuthorityTest, ACertificateIsValidFromItsBeginningToItsEnd) {
  const auto facts = *ReadCertificateFacts("ca.pem", Authority().certificate);
  EXPECT_TRUE(CheckValidity("ca.pem", facts, kStart).ok());
  EXPECT_TRUE(CheckValidity("ca.pem", facts, kStart + absl::Hours(24)).ok());
  EXPECT_THAT(std::string(CheckValidity("ca.pem", facts, kStart - absl::Seconds(1)).message()),
              HasSubstr("clock"));
  EXPECT_THAT(std::string(CheckValidity("ca.pem", facts, kStart + absl::Hours(25)).message()),
              HasSubstr("expired at 2023-11-15 22:13 UTC"));
}

TEST(AuthorityTest, RefusesWhatNoCertificateCanSay) {
  const KeyPair authority = Authority();
  EXPECT_TRUE(absl::IsInvalidArgument(MakeAuthority(Terms("")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MakeAuthority(Terms(std::string(65, 'a'))).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(MakeAuthority(Terms("a\nb")).status()));
  CertificateTerms terms = Terms("coordinator");
  terms.server = true;
  EXPECT_THAT(std::string(IssueCertificate(authority, terms).status().message()), HasSubstr("hosts: wants"));
  for (const char* host : {"", "a b", "a,DNS:evil", "IP:1.2.3.4", "DNS:x"}) {
    terms.hosts = {host};
    EXPECT_TRUE(absl::IsInvalidArgument(IssueCertificate(authority, terms).status())) << host;
  }
}

TEST(AuthorityTest, RefusesAnAuthorityThatIsNone) {
  EXPECT_TRUE(absl::IsInvalidArgument(IssueCertificate({"", ""}, Terms("one")).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      IssueCertificate({Authority().certificate, Authority().key}, Terms("one")).status()));
}

TEST(CertificateTest, RefusesWhatIsNoCertificate) {
  EXPECT_THAT(std::string(ReadCertificateFacts("ca.pem", "hello").status().message()),
              HasSubstr("ca.pem: holds no certificate"));
}

}  // namespace
}  // namespace bonsai
