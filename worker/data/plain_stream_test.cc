#include "worker/data/plain_stream.h"

#include <gtest/gtest.h>

#include "worker/data/gzip_bytes_testing.h"

namespace bonsai {
namespace {

// Read a few bytes at a time, so that what was looked at and what follows both come through.
std::string ReadAll(const std::string& bytes) {
  auto stream = OpenPlain(ByteStream::OverBytes(bytes, "file"));
  if (!stream.ok()) return std::string(stream.status().message());
  std::string text;
  char buffer[2];
  while (true) {
    const absl::StatusOr<size_t> n = (*stream)->Read(buffer, sizeof(buffer));
    if (!n.ok()) return std::string(n.status().message());
    if (*n == 0) return text;
    text.append(buffer, *n);
  }
}

TEST(PlainStream, TextIsAsItIs) {
  for (const char* text : {"", "a", "ab", "abc", "{\"a\": 1}", "\x1f", "\x1fz", "\xef\xbb"})
    EXPECT_EQ(ReadAll(text), text);
}

TEST(PlainStream, GzipIsRecognisedByItsFirstBytes) {
  EXPECT_EQ(ReadAll(GzipForTest("some text")), "some text");
  EXPECT_EQ(ReadAll(GzipForTest("")), "");
  EXPECT_NE(ReadAll("\x1f\x8b no gzip").find("not a valid gzip stream"), std::string::npos);
}

TEST(PlainStream, AByteOrderMarkIsLeftOut) {
  EXPECT_EQ(ReadAll("\xef\xbb\xbfname"), "name");
  EXPECT_EQ(ReadAll(GzipForTest("\xef\xbb\xbfname")), "name");
  EXPECT_EQ(ReadAll("a\xef\xbb\xbf"), "a\xef\xbb\xbf");
}

}  // namespace
}  // namespace bonsai
