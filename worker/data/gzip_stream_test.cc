#include "worker/data/gzip_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/data/gzip_bytes_testing.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

absl::StatusOr<std::string> InflateAll(const std::string& gzip, size_t step = 1000) {
  auto stream = InflateGzip(ByteStream::OverBytes(gzip, "a.gz"));
  std::string all;
  std::string chunk(step, '\0');
  while (true) {
    absl::StatusOr<size_t> n = stream->Read(chunk.data(), step);
    if (!n.ok()) return n.status();
    if (*n == 0) return all;
    all.append(chunk, 0, *n);
  }
}

std::string Text() {
  std::string text;
  for (int i = 0; i < 30000; ++i) text += std::to_string(i * 7919 % 10007) + (i % 9 == 0 ? "\n" : " ");
  return text;
}

TEST(GzipStream, GivesWhatWasCompressedForAnySizeOfRead) {
  const std::string gzip = GzipForTest(Text());
  for (size_t step : {size_t{1}, size_t{4097}, size_t{1} << 20}) {
    auto text = InflateAll(gzip, step);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_TRUE(*text == Text()) << step;
  }
}

TEST(GzipStream, ReadsSeveralMembersAsOneStream) {
  auto text = InflateAll(GzipForTest("one\n") + GzipForTest("") + GzipForTest("two\n"));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, "one\ntwo\n");
}

TEST(GzipStream, TruncationAnywhereIsDataLossAtTheEndOfTheFile) {
  const std::string gzip = GzipForTest("a short text, a short text");
  for (size_t size = 1; size < gzip.size(); ++size) {
    const absl::Status status = InflateAll(gzip.substr(0, size)).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
    EXPECT_EQ(status.message(), "a.gz: byte " + std::to_string(size) +
                                    ": the file ends within the gzip stream; it is truncated");
  }
}

TEST(GzipStream, CorruptionNamesTheByte) {
  std::string gzip = GzipForTest(Text());
  gzip[gzip.size() / 2] ^= 0x55;
  gzip[gzip.size() / 2 + 1] ^= 0x55;
  const absl::Status status = InflateAll(gzip).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              testing::MatchesRegex("a.gz: byte [0-9]+: not a valid gzip stream: .*"));
}

TEST(GzipStream, AWrongChecksumIsFound) {
  std::string gzip = GzipForTest("text");
  gzip[gzip.size() - 8] ^= 1;
  EXPECT_THAT(std::string(InflateAll(gzip).status().message()), HasSubstr("incorrect data check"));
}

TEST(GzipStream, TrailingGarbageNamesTheByte) {
  const std::string gzip = GzipForTest("text");
  const absl::Status status = InflateAll(gzip + "garbage").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("other bytes follow the end of the gzip stream"));
}

TEST(GzipStream, AFileThatIsNoGzipOrEmptyIsRefused) {
  EXPECT_THAT(std::string(InflateAll("{\"text\": 1}").status().message()),
              HasSubstr("not a valid gzip stream"));
  EXPECT_THAT(std::string(InflateAll("").status().message()), HasSubstr("the file is empty"));
}

}  // namespace
}  // namespace bonsai
