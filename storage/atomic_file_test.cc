#include "storage/atomic_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "storage/file_bytes.h"

namespace bonsai {
namespace {

std::string FreshFolder() {
  std::string dir = testing::TempDir() + "/atomic-XXXXXX";
  return mkdtemp(dir.data());
}

size_t FilesIn(const std::string& dir) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) files += entry.exists() ? 1 : 0;
  return files;
}

TEST(AtomicFileTest, ReplacesAFileWhole) {
  std::string dir = FreshFolder();
  ASSERT_TRUE(WriteFileAtomically(dir + "/address", "a longer first text").ok());
  ASSERT_TRUE(WriteFileAtomically(dir + "/address", "second").ok());
  EXPECT_EQ(*ReadFileBytes(dir + "/address", 100), "second");
  EXPECT_EQ(FilesIn(dir), 1u);
}

TEST(AtomicFileTest, LeavesNothingWhenItIsNotCommitted) {
  std::string dir = FreshFolder();
  {
    auto file = AtomicFile::Create(dir);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Append("half").ok());
    EXPECT_EQ(FilesIn(dir), 1u);
  }
  EXPECT_EQ(FilesIn(dir), 0u);
}

TEST(AtomicFileTest, LeavesNothingWhenTheTargetCannotBeReplaced) {
  std::string dir = FreshFolder();
  ASSERT_EQ(mkdir((dir + "/taken").c_str(), 0755), 0);
  EXPECT_FALSE(WriteFileAtomically(dir + "/taken", "bytes").ok());
  EXPECT_EQ(FilesIn(dir), 1u);
}

TEST(AtomicFileTest, NamesTheFolderThatIsMissing) {
  absl::Status status = WriteFileAtomically("/no/such/folder/file", "bytes");
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_NE(status.message().find("/no/such/folder"), absl::string_view::npos);
}

TEST(AtomicFileTest, RemovesOnlyOldFilesWhoseWriterIsGone) {
  std::string dir = FreshFolder();
  auto old_times = [](const std::string& path) {
    timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), long_ago, 0), 0);
  };
  auto alive = AtomicFile::Create(dir);
  ASSERT_TRUE(alive.ok());
  for (const auto& entry : std::filesystem::directory_iterator(dir)) old_times(entry.path());
  std::ofstream(dir + "/.writing-abandoned") << "half";
  old_times(dir + "/.writing-abandoned");
  std::ofstream(dir + "/.writing-young") << "half";
  std::ofstream(dir + "/other") << "kept";
  old_times(dir + "/other");
  RemoveAbandonedFiles(dir);
  EXPECT_FALSE(std::filesystem::exists(dir + "/.writing-abandoned"));
  EXPECT_TRUE(std::filesystem::exists(dir + "/.writing-young"));
  EXPECT_TRUE(std::filesystem::exists(dir + "/other"));
  EXPECT_TRUE((*alive)->Commit(dir + "/done", 0644).ok());
}

}  // namespace
}  // namespace bonsai
