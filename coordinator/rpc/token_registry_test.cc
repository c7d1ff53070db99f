#include "coordinator/rpc/token_registry.h"

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "security/small_file.h"
#include "security/token.h"

namespace bonsai {
namespace {

class TokenRegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = absl::StrCat(testing::TempDir(), "/tokens-", getpid());
    Write({"ann"});
  }
  void TearDown() override { unlink(path_.c_str()); }

  // A list of tokens, each its own name.
  void Write(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
      absl::StrAppend(&text, "tokens { name: '", name, "' sha256: '", TokenSha256(name),
                      "' roles: SUBMIT }\n");
    }
    ASSERT_TRUE(ReplaceFile(path_, text).ok());
  }

  static bool Knows(TokenRegistry& registry, const std::string& name) {
    return registry.Find(name, absl::UnixEpoch()).ok();
  }

  std::string path_;
};

TEST_F(TokenRegistryTest, ReadsTheFileAgainWhenItChanges) {
  auto registry = TokenRegistry::Open(path_);
  ASSERT_TRUE(registry.ok()) << registry.status();
  EXPECT_TRUE(Knows(**registry, "ann"));
  EXPECT_FALSE(Knows(**registry, "bob"));
  Write({"bob"});
  (*registry)->Reload();
  EXPECT_FALSE(Knows(**registry, "ann"));
  EXPECT_TRUE(Knows(**registry, "bob"));
}

TEST_F(TokenRegistryTest, NoticesAChangeByItself) {
  auto registry = TokenRegistry::Open(path_);
  ASSERT_TRUE(registry.ok()) << registry.status();
  Write({"bob"});
  while (!Knows(**registry, "bob")) continue;
}

TEST_F(TokenRegistryTest, ABrokenFileKeepsTheTokensThatWereKnownAndSaysSo) {
  auto registry = TokenRegistry::Open(path_);
  ASSERT_TRUE(registry.ok()) << registry.status();
  for (const char* broken :
       {"tokens { name: 'bob'", "", "tokens { name: 'bob' sha256: 'x' roles: SUBMIT }"}) {
    ASSERT_TRUE(ReplaceFile(path_, broken).ok());
    testing::internal::CaptureStderr();
    (*registry)->Reload();
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, testing::HasSubstr("cannot be used; the 1 tokens that were known stay: " + path_));
    EXPECT_TRUE(Knows(**registry, "ann"));
  }
  unlink(path_.c_str());
  (*registry)->Reload();
  EXPECT_TRUE(Knows(**registry, "ann"));
  Write({"bob"});
  (*registry)->Reload();
  EXPECT_FALSE(Knows(**registry, "ann"));
}

TEST_F(TokenRegistryTest, DoesNotOpenWithoutAListThatSomebodyIsOn) {
  ASSERT_TRUE(ReplaceFile(path_, "").ok());
  EXPECT_THAT(std::string(TokenRegistry::Open(path_).status().message()),
              testing::HasSubstr("lists no token"));
  EXPECT_TRUE(absl::IsNotFound(TokenRegistry::Open(path_ + "-none").status()));
}

}  // namespace
}  // namespace bonsai
