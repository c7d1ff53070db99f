#include "worker/data/path_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PathPattern, StarsAndQuestionMarksStandForCharacters) {
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("a*c", "abbc"));
  EXPECT_TRUE(MatchesPattern("*.json.gz", "c4-train.json.gz"));
  EXPECT_TRUE(MatchesPattern("a?c", "abc"));
  EXPECT_TRUE(MatchesPattern("*a*b", "xaxab"));
  EXPECT_FALSE(MatchesPattern("a?c", "ac"));
  EXPECT_FALSE(MatchesPattern("a*c", "abcd"));
  EXPECT_FALSE(MatchesPattern("[ab]", "a"));
  EXPECT_TRUE(MatchesPattern("[ab]", "[ab]"));
  EXPECT_FALSE(MatchesPattern("a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

TEST(PathPattern, ListsFilesSortedAndSkipsFoldersAndHiddenNames) {
  const std::string root = testing::TempDir() + "/pattern";
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root + "/x/folder.gz");
  std::filesystem::create_directories(root + "/y");
  for (const char* name : {"x/b.gz", "x/a.gz", "x/.h.gz", "x/c.txt", "y/d.gz"})
    std::ofstream(root + "/" + name) << 1;
  EXPECT_THAT(*ListMatchingFiles(root + "/x/*.gz"), ElementsAre(root + "/x/a.gz", root + "/x/b.gz"));
  EXPECT_THAT(*ListMatchingFiles(root + "/?/?.gz"),
              ElementsAre(root + "/x/a.gz", root + "/x/b.gz", root + "/y/d.gz"));
  EXPECT_THAT(*ListMatchingFiles(root + "/x/.*"), ElementsAre(root + "/x/.h.gz"));
  EXPECT_THAT(*ListMatchingFiles(root + "/x/c.txt"), ElementsAre(root + "/x/c.txt"));
  EXPECT_THAT(std::string(ListMatchingFiles(root + "/x/*.json").status().message()),
              HasSubstr("no file matches"));
  EXPECT_THAT(std::string(ListMatchingFiles(root + "/absent").status().message()),
              HasSubstr("there is no file"));
  EXPECT_EQ(ListMatchingFiles(root + "/x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ListMatchingFiles("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(ListMatchingFiles("absent").status().message()), HasSubstr(" in /"));
}

}  // namespace
}  // namespace bonsai
