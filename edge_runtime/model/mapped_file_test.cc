#include "edge_runtime/model/mapped_file.h"

#include <gtest/gtest.h>

#include <fstream>

namespace bonsai::edge {
namespace {

TEST(MappedFileTest, ShowsTheBytesOfAFile) {
  const std::string path = testing::TempDir() + "/mapped";
  std::ofstream(path) << "bonsai";
  std::string error;
  const auto file = MappedFile::Open(path, &error);
  ASSERT_NE(file, nullptr) << error;
  EXPECT_EQ(file->text(), "bonsai");
}

TEST(MappedFileTest, TakesAnEmptyFile) {
  const std::string path = testing::TempDir() + "/empty";
  std::ofstream(path).close();
  std::string error;
  const auto file = MappedFile::Open(path, &error);
  ASSERT_NE(file, nullptr) << error;
  EXPECT_TRUE(file->bytes().empty());
}

TEST(MappedFileTest, NamesThePathThatItCannotOpen) {
  std::string error;
  EXPECT_EQ(MappedFile::Open(testing::TempDir() + "/none", &error), nullptr);
  EXPECT_NE(error.find("/none: No such file"), std::string::npos) << error;
  EXPECT_EQ(MappedFile::Open(testing::TempDir(), &error), nullptr);
  EXPECT_NE(error.find("not a regular file"), std::string::npos) << error;
}

}  // namespace
}  // namespace bonsai::edge
