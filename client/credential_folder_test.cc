#include "client/credential_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "client/credential_files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "security/certificate.h"
#include "security/credentials.h"
#include "security/small_file.h"
#include "security/token_list.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);
constexpr absl::Duration kYear = absl::Hours(24 * 365);

class CredentialFolderTest : public ::testing::Test {
 protected:
  CredentialFolderTest()
      : path_(absl::StrCat(testing::TempDir(), "/credentials-", getpid())), folder_(path_, kNow) {
    std::filesystem::remove_all(path_);
  }
  ~CredentialFolderTest() override { std::filesystem::remove_all(path_); }

  v1::TokenList Tokens() const {
    const std::string file = path_ + "/" + kTokensFile;
    return *ParseTokenList(file, *ReadSmallFile(file, kTokenListBytesMax));
  }

  static std::vector<v1::WorkerConfig> Workers(int count) {
    std::vector<v1::WorkerConfig> workers(count);
    for (int i = 0; i < count; ++i) workers[i].set_worker_id(absl::StrCat("worker-", i + 1));
    return workers;
  }

  static v1::TokenList::Token Entry(const std::string& name) {
    v1::TokenList::Token entry;
    entry.set_name(name);
    entry.add_roles(v1::TokenList::Token::SUBMIT);
    return entry;
  }

  const std::string path_;
  const CredentialFolder folder_;
};

TEST_F(CredentialFolderTest, CompletesWhatALocalClusterNeedsAndChangesNothingThen) {
  ASSERT_TRUE(folder_.Complete(Workers(1)).ok());
  EXPECT_TRUE(LoadServerCredentials(ServerFiles(path_), kNow).ok());
  EXPECT_TRUE(LoadCallerCredentials(WorkerFiles(path_, "worker-1"), kNow).ok());
  const auto client = LoadCallerCredentials(ClientFiles(path_), kNow);
  ASSERT_TRUE(client.ok()) << client.status();
  const v1::TokenList tokens = Tokens();
  const auto found = FindToken(tokens, client->token, kNow);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->roles(0), v1::TokenList::Token::ADMIN);
  ASSERT_TRUE(folder_.Complete(Workers(2)).ok());
  EXPECT_EQ(LoadCallerCredentials(ClientFiles(path_), kNow)->token, client->token);
  EXPECT_EQ(Tokens().tokens_size(), 3);
}

TEST_F(CredentialFolderTest, EveryFileIsForItsOwnersEyes) {
  ASSERT_TRUE(folder_.Complete(Workers(1)).ok());
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    struct stat facts {};
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(CredentialFolderTest, NeverReplacesACertificateOrAKey) {
  ASSERT_TRUE(folder_.MakeAuthority(kYear).ok());
  ASSERT_TRUE(folder_.MakeCertificate("client", {}, kYear).ok());
  const std::string before = *ReadSmallFile(path_ + "/client-key.pem");
  EXPECT_TRUE(absl::IsAlreadyExists(folder_.MakeAuthority(kYear)));
  EXPECT_TRUE(absl::IsAlreadyExists(folder_.MakeCertificate("client", {}, kYear)));
  EXPECT_TRUE(absl::IsAlreadyExists(folder_.MakeCertificate("ca", {}, kYear)));
  EXPECT_EQ(*ReadSmallFile(path_ + "/client-key.pem"), before);
}

TEST_F(CredentialFolderTest, SaysHowToMakeAnAuthorityFirst) {
  const absl::Status status = folder_.MakeCertificate("client", {}, kYear);
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("`bonsai cert init`"));
}

TEST_F(CredentialFolderTest, ANameIsAFilesName) {
  ASSERT_TRUE(folder_.MakeAuthority(kYear).ok());
  for (const char* name : {"", "../client", "a/b", ".hidden", "a b"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(folder_.MakeCertificate(name, {}, kYear))) << name;
  }
}

TEST_F(CredentialFolderTest, TheListOfTokensGrowsAndHoldsNoToken) {
  const auto one = folder_.AddToken(Entry("ann"));
  const auto two = folder_.AddToken(Entry("bob"));
  ASSERT_TRUE(one.ok() && two.ok()) << one.status() << two.status();
  const std::string text = *ReadSmallFile(path_ + "/" + kTokensFile);
  EXPECT_THAT(text, testing::Not(HasSubstr(*one)));
  const v1::TokenList tokens = Tokens();
  EXPECT_EQ(tokens.tokens_size(), 2);
  EXPECT_EQ((*FindToken(tokens, *two, kNow))->name(), "bob");
  EXPECT_TRUE(absl::IsInvalidArgument(folder_.AddToken(Entry("no good")).status()));
  EXPECT_EQ(Tokens().tokens_size(), 2);
}

TEST_F(CredentialFolderTest, CredentialsSayWhichFileIsWrongAndWhatToDo) {
  ASSERT_TRUE(folder_.Complete(Workers(0)).ok());
  v1::SecurityConfig files = ClientFiles(path_);
  files.clear_token_file();
  EXPECT_THAT(std::string(LoadCallerCredentials(files, kNow).status().message()),
              HasSubstr("security.token_file: is missing"));
  files = ClientFiles(path_);
  files.set_key_file(path_ + "/server-key.pem");
  EXPECT_THAT(std::string(LoadCallerCredentials(files, kNow).status().message()),
              HasSubstr("is not the key of"));
  EXPECT_THAT(std::string(LoadCallerCredentials(ClientFiles(path_), kNow + 20 * kYear).status().message()),
              HasSubstr("expired at"));
  EXPECT_THAT(std::string(LoadCallerCredentials(ClientFiles(path_ + "/none"), kNow).status().message()),
              HasSubstr("security.certificate_file: " + path_ + "/none/client.pem"));
}

}  // namespace
}  // namespace bonsai
