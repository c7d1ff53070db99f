#include "worker/data/source_read_ahead.h"

#include <gtest/gtest.h>

#include <fstream>

#include "worker/data/gzip_bytes_testing.h"

namespace bonsai {
namespace {

std::string Write(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string Lines(const std::string& word, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "{\"text\": \"" + word + " " + std::to_string(i) + "\"}\n";
  return lines;
}

TEST(SourceReadAhead, GivesTheDocumentsOfAllFilesInOrderForAnyNumberOfThreads) {
  const std::vector<SourceReadAhead::File> files = {
      {v1::DataSpec::C4_JSON_GZ, Write("a.gz", GzipForTest(Lines("a", 20000)))},
      {v1::DataSpec::C4_JSON_GZ, Write("empty.gz", GzipForTest(""))},
      {v1::DataSpec::C4_JSON_GZ, Write("bad.gz", GzipForTest(Lines("bad", 1500) + "{\"text\": 5}\n"))},
      {v1::DataSpec::C4_JSON_GZ, testing::TempDir() + "/absent.gz"},
      {v1::DataSpec::C4_JSON_GZ, Write("b.gz", GzipForTest(Lines("b", 10) + "{\"text\": \"\xFF\"}\n"))}};
  const char* const words[] = {"a", "", "bad", "", "b"};
  const int counts[] = {20000, 0, 1500, 0, 11};
  const absl::StatusCode codes[] = {absl::StatusCode::kOk, absl::StatusCode::kOk,
                                    absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
                                    absl::StatusCode::kOk};
  for (int threads : {1, 2, 3, 9}) {
    SourceReadAhead ahead(files, threads);
    for (size_t file = 0; file < files.size(); ++file) {
      int count = 0;
      SourceReadAhead::Block block;
      do {
        block = ahead.Next();
        for (const v1::Document& document : block.documents) {
          if (count < 10) {
            EXPECT_EQ(document.text(), std::string(words[file]) + " " + std::to_string(count));
          }
          ++count;
        }
        EXPECT_TRUE(block.last || block.status.ok());
      } while (!block.last);
      EXPECT_EQ(block.status.code(), codes[file]) << block.status;
      EXPECT_EQ(count, counts[file]);
      EXPECT_EQ(block.bytes_replaced, file == 4 ? 1u : 0u);
    }
  }
}

TEST(SourceReadAhead, StopsInTheMiddleOfFiles) {
  std::vector<SourceReadAhead::File> files;
  for (int i = 0; i < 4; ++i) {
    files.push_back({v1::DataSpec::C4_JSON_GZ,
                     Write("long" + std::to_string(i) + ".gz", GzipForTest(Lines("long", 20000)))});
  }
  SourceReadAhead ahead(files, 3);
  EXPECT_EQ(ahead.Next().documents.front().text(), "long 0");
}

}  // namespace
}  // namespace bonsai
