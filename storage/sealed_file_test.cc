#include "storage/sealed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kKey(kSealKeyBytes, 'k');

std::string Write(const std::string& name, const std::string& bytes, mode_t mode) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  chmod(path.c_str(), mode);
  return path;
}

TEST(SealedFile, GivesBackWhatWasSealedToWhoHasTheKey) {
  for (const std::string& plain :
       {std::string(), std::string("a secret question"), std::string(100000, '\0')}) {
    const auto sealed = Seal(plain, kKey);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_TRUE(CheckSealed(*sealed).ok());
    EXPECT_EQ(*Unseal(*sealed, kKey), plain);
  }
}

TEST(SealedFile, ShowsNothingAndNeverTheSameTwice) {
  const auto one = Seal("a secret question", kKey), two = Seal("a secret question", kKey);
  EXPECT_THAT(*one, Not(HasSubstr("secret")));
  EXPECT_NE(*one, *two);
}

TEST(SealedFile, StaysShutToAnotherKeyAndAfterAnyChange) {
  const std::string sealed = *Seal("a secret question", kKey);
  EXPECT_EQ(Unseal(sealed, std::string(kSealKeyBytes, 'x')).status().code(),
            absl::StatusCode::kPermissionDenied);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(Unseal(changed, kKey).ok()) << i;
    EXPECT_FALSE(Unseal(sealed.substr(0, i), kKey).ok()) << i;
  }
  EXPECT_FALSE(Unseal(sealed + "x", kKey).ok());
}

TEST(SealedFile, SaysWhatIsNoSealedFile) {
  EXPECT_THAT(CheckSealed("{\"question\": 1}").message(), HasSubstr("must begin with the line"));
  EXPECT_THAT(CheckSealed("bonsai-sealed-1\nshort").message(), HasSubstr("21 bytes"));
}

TEST(KeyFile, IsReadOnlyIfItIsItsOwnersAlone) {
  const std::string text = *NewKeyText();
  EXPECT_EQ(text.size(), 65u);
  EXPECT_NE(text, *NewKeyText());
  const auto key = ReadKeyFile(Write("key", text, 0600));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->size(), kSealKeyBytes);
  EXPECT_EQ(ReadKeyFile(Write("open", text, 0640)).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadKeyFile(Write("world", text, 0604)).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReadKeyFile(testing::TempDir() + "/none").status().code(), absl::StatusCode::kNotFound);
  const auto short_key = ReadKeyFile(Write("short", text.substr(0, 60), 0600));
  EXPECT_EQ(short_key.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(short_key.status().message(), Not(HasSubstr(text.substr(0, 8))));
}

}  // namespace
}  // namespace bonsai
