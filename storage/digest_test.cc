#include "storage/digest.h"

#include <gtest/gtest.h>

#include <fstream>

namespace bonsai {
namespace {

// The examples of FIPS 180-2.
constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kOfMillionAs[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(DigestTest, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Hex(""), kOfNothing);
  EXPECT_EQ(Sha256Hex("abc"), kOfAbc);
}

TEST(DigestTest, AStreamGivesTheSameAsItsWhole) {
  Sha256 digest;
  for (int i = 0; i < 1000; ++i) digest.Update(std::string(1000, 'a'));
  EXPECT_EQ(digest.FinishHex(), kOfMillionAs);
}

TEST(DigestTest, AFileGivesDigestAndSize) {
  std::string path = testing::TempDir() + "/million";
  std::ofstream(path) << std::string(1000000, 'a');
  auto blob = DigestFile(path);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->sha256(), kOfMillionAs);
  EXPECT_EQ(blob->size_bytes(), 1000000u);
  EXPECT_TRUE(absl::IsNotFound(DigestFile(path + "-missing").status()));
}

TEST(DigestTest, KnowsANameFromOtherText) {
  EXPECT_TRUE(IsSha256Hex(kOfAbc));
  EXPECT_FALSE(IsSha256Hex(""));
  EXPECT_FALSE(IsSha256Hex(std::string(63, 'a')));
  EXPECT_FALSE(IsSha256Hex(std::string(65, 'a')));
  EXPECT_FALSE(IsSha256Hex(std::string(64, 'A')));
  EXPECT_FALSE(IsSha256Hex("../" + std::string(61, 'a')));
}

}  // namespace
}  // namespace bonsai
