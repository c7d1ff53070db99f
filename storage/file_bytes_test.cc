#include "storage/file_bytes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string WriteFile(const std::string& name, const std::string& bytes) {
  std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(FileBytesTest, ReadsAFileWholeUpToTheBound) {
  std::string bytes(200000, 'x');
  std::string path = WriteFile("whole", bytes);
  EXPECT_EQ(*ReadFileBytes(path, bytes.size()), bytes);
  absl::Status status = ReadFileBytes(path, bytes.size() - 1).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(path));
}

TEST(FileBytesTest, NamesWhatIsMissing) {
  absl::Status status = ReadFileBytes("/no/such/file", 10).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/file"));
}

TEST(FileBytesTest, RefusesFoldersAndPipes) {
  EXPECT_FALSE(ReadFileBytes(testing::TempDir(), 10).ok());
  std::string pipe = testing::TempDir() + "/pipe";
  unlink(pipe.c_str());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFileBytes(pipe, 10).status()));
}

TEST(FileBytesTest, ChunksAreTheFileInOrderAndAFailureEndsThem) {
  std::string path = WriteFile("chunks", "abcdefg");
  std::string seen;
  ASSERT_TRUE(ForEachChunk(path, 3, [&](absl::string_view chunk) {
                seen += std::string(chunk) + "|";
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(seen, "abc|def|g|");
  int calls = 0;
  absl::Status status = ForEachChunk(path, 3, [&](absl::string_view) {
    ++calls;
    return absl::CancelledError("enough");
  });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(calls, 1);
}

TEST(FileBytesTest, AFullDiskIsResourceExhausted) {
  int full = open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "skipped: no /dev/full";
  absl::Status status = WriteAll(full, "x", "/dev/full");
  close(full);
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("/dev/full: No space left"));
}

}  // namespace
}  // namespace bonsai
