#include "client/export_index.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

const std::string kA(64, 'a');
const std::string kB(64, 'b');

TEST(ExportIndexTest, IsReadAsItWasWritten) {
  ExportIndex index;
  index.artifacts = {{kA, 100, false}, {kB, 0, true}};
  index.blobs = {{kA, uint64_t{1} << 40}, {kB, 0}};
  auto back = ParseExportIndex(FormatExportIndex(index));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, index);
}

TEST(ExportIndexTest, EveryTruncationAndTheLikeIsRefused) {
  ExportIndex index;
  index.artifacts = {{kA, 100, true}};
  index.blobs = {{kB, 12}};
  const std::string text = FormatExportIndex(index);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseExportIndex(text.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ParseExportIndex(text + "\n").ok());
  EXPECT_FALSE(ParseExportIndex(text + text).ok());
}

TEST(ExportIndexTest, ALineThatIsNotRightIsNamed) {
  const std::string first = "bonsai-export 1\n";
  for (const std::string& line : std::vector<std::string>{
           "artifact " + kA + " 1", "artifact " + kA + " 1 leaf", "artifact ../x 1 root",
           "blob " + kA + " -1", "blob " + kA + " 01", "blob " + kA + " 99999999999999999999",
           "artifact " + kA + " 16777217 root", "end 0 1", "pax"}) {
    auto index = ParseExportIndex(first + line + "\nend 0 0\n");
    ASSERT_FALSE(index.ok()) << line;
    EXPECT_THAT(index.status().message(), HasSubstr("line 2"));
  }
  EXPECT_FALSE(ParseExportIndex(first + "blob " + kA + " 1\nblob " + kA + " 1\nend 0 2\n").ok());
  EXPECT_FALSE(ParseExportIndex(first + "blob " + kA + " 1\nartifact " + kA + " 1 root\nend 1 1\n").ok());
}

}  // namespace
}  // namespace bonsai
