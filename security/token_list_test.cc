#include "security/token_list.h"

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "security/small_file.h"
#include "security/token.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string Entry(absl::string_view name, absl::string_view token, absl::string_view more = "roles: SUBMIT") {
  return absl::StrCat("tokens { name: '", name, "' sha256: '", TokenSha256(token), "' ", more, " }\n");
}

absl::Status Refusal(const std::string& text) { return ParseTokenList("tokens", text).status(); }

TEST(TokenTest, NoTwoTokensAreTheSame) {
  const std::string token = DrawToken();
  EXPECT_EQ(token.size(), 71u);
  EXPECT_NE(token, DrawToken());
  EXPECT_EQ(*ParseAuthorization("Bearer " + token), token);
}

TEST(TokenTest, HashesAsOthersDo) {
  EXPECT_EQ(TokenSha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(TokenTest, ReadsTheAuthorizationOfACall) {
  EXPECT_EQ(*ParseAuthorization("Bearer abc"), "abc");
  EXPECT_EQ(*ParseAuthorization("bearer  abc "), "abc");
  for (const char* value :
       {"", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", "Bearer a\tb", "Bearer \xff"}) {
    EXPECT_TRUE(absl::IsUnauthenticated(ParseAuthorization(value).status())) << value;
  }
  EXPECT_FALSE(ParseAuthorization("Bearer " + std::string(257, 'a')).ok());
  EXPECT_TRUE(ParseAuthorization("Bearer " + std::string(256, 'a')).ok());
}

TEST(TokenTest, NeverRepeatsWhatItWasShown) {
  const absl::Status refused = ParseAuthorization("Bearer se cret").status();
  EXPECT_THAT(std::string(refused.message()), testing::Not(HasSubstr("cret")));
}

TEST(TokenTest, ReadsATokenFromItsFile) {
  const std::string path = absl::StrCat(testing::TempDir(), "/token-", getpid());
  ASSERT_TRUE(WriteNewFile(path, "abc\n").ok());
  EXPECT_EQ(*ReadTokenFile(path), "abc");
  ASSERT_TRUE(ReplaceFile(path, "\n").ok());
  EXPECT_THAT(std::string(ReadTokenFile(path).status().message()), HasSubstr(path));
  EXPECT_TRUE(absl::IsNotFound(ReadTokenFile(path + "-none").status()));
  unlink(path.c_str());
}

TEST(TokenListTest, FindsATokenByWhatItHashesTo) {
  const auto list =
      ParseTokenList("tokens", Entry("ann", "a") + Entry("bob", "b", "roles: WORK tenant: 't'"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ((*FindToken(*list, "a", absl::UnixEpoch()))->name(), "ann");
  EXPECT_EQ((*FindToken(*list, "b", absl::UnixEpoch()))->tenant(), "t");
  EXPECT_TRUE(absl::IsUnauthenticated(FindToken(*list, "c", absl::UnixEpoch()).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(FindToken(*list, TokenSha256("a"), absl::UnixEpoch()).status()));
}

TEST(TokenListTest, ATokenExpiresOnTheMillisecond) {
  const auto list = ParseTokenList("tokens", Entry("ann", "a", "roles: SUBMIT expires_unix_ms: 5000"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_TRUE(FindToken(*list, "a", absl::FromUnixMillis(4999)).ok());
  const absl::Status expired = FindToken(*list, "a", absl::FromUnixMillis(5000)).status();
  EXPECT_TRUE(absl::IsUnauthenticated(expired));
  EXPECT_THAT(std::string(expired.message()), HasSubstr("expired at 1970-01-01 00:00 UTC"));
}

TEST(TokenListTest, SaysWhichEntryIsWrongAndWhatWouldBeRight) {
  EXPECT_THAT(std::string(Refusal("tokens { nam: 'x' }").message()), HasSubstr("tokens:1:"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a") + Entry("", "b")).message()),
              HasSubstr("tokens[1].name"));
  EXPECT_THAT(std::string(Refusal("tokens { name: 'a' sha256: 'ABC' roles: WORK }").message()),
              HasSubstr("tokens[0].sha256: is \"ABC\"; want"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a", "")).message()), HasSubstr("tokens[0].roles"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a", "roles: ROLE_UNSPECIFIED")).message()),
              HasSubstr("roles"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a") + Entry("bob", "a")).message()),
              HasSubstr("each token once"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a", "roles: WORK tenant: 'a b'")).message()),
              HasSubstr("tenant"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a", "roles: WORK expires_unix_ms: -1")).message()),
              HasSubstr("expires_unix_ms"));
  EXPECT_THAT(std::string(Refusal(Entry("ann", "a", "roles: [WORK, SUBMIT]")).message()),
              HasSubstr("of its own"));
}

TEST(TokenListTest, IsBounded) {
  EXPECT_FALSE(ParseTokenList("tokens", std::string(kTokenListBytesMax + 1, '\n')).ok());
  std::string many;
  for (int i = 0; i <= kTokensMax; ++i) many += Entry("ann", absl::StrCat(i));
  EXPECT_THAT(std::string(Refusal(many).message()), HasSubstr("at most"));
}

TEST(TokenListTest, ReadsRolesAsPeopleWriteThem) {
  EXPECT_EQ(ParseRole("submit"), v1::TokenList::Token::SUBMIT);
  EXPECT_EQ(ParseRole("Admin"), v1::TokenList::Token::ADMIN);
  EXPECT_EQ(ParseRole("root"), v1::TokenList::Token::ROLE_UNSPECIFIED);
}

}  // namespace
}  // namespace bonsai
