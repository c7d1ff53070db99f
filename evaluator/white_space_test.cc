#include "evaluator/white_space.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(WhiteSpace, CountsTrailingBytesOfEveryKindOfSpace) {
  EXPECT_EQ(TrailingSpaceBytes("a"), 0u);
  EXPECT_EQ(TrailingSpaceBytes(""), 0u);
  EXPECT_EQ(TrailingSpaceBytes("a \n\t\v\f\r\x1c\x1f"), 8u);
  EXPECT_EQ(TrailingSpaceBytes("a \u00a0\u0085"), 5u);
  EXPECT_EQ(TrailingSpaceBytes("\u3000"), 3u);
  EXPECT_EQ(TrailingSpaceBytes("a\u2028 \u205f\u1680\u2009\u202f"), 16u);
}

TEST(WhiteSpace, LooksAlikesAreNotSpace) {
  // U+200B (zero width), U+FEFF and U+00B7 are none; nor is a stray continuation byte.
  for (const char* text : {"a\u200b", "a\ufeff", "a\u00b7", "a\x85", "a\xa0", "\xe2\x80"}) {
    EXPECT_EQ(TrailingSpaceBytes(text), 0u) << text;
    EXPECT_EQ(StripSpace(text), text);
    EXPECT_EQ(CountWords(text), 1u);
  }
}

TEST(WhiteSpace, StripsBothEndsOnly) {
  EXPECT_EQ(StripSpace(" \n a b\u00a0\u3000"), "a b");
  EXPECT_EQ(StripSpace(" \u2003 "), "");
}

TEST(WhiteSpace, CountsWordsAsPythonsSplitDoes) {
  EXPECT_EQ(CountWords(""), 1u);
  EXPECT_EQ(CountWords("one"), 1u);
  EXPECT_EQ(CountWords("one two"), 2u);
  EXPECT_EQ(CountWords("one \n\u3000two"), 2u);
  EXPECT_EQ(CountWords(" one two "), 4u);
}

TEST(WhiteSpace, SplitsIntoWordsAsPythonsSplitDoes) {
  EXPECT_EQ(SplitSpace(" one\u3000\n two\x1cthree "),
            (std::vector<absl::string_view>{"one", "two", "three"}));
  EXPECT_EQ(SplitSpace("one"), (std::vector<absl::string_view>{"one"}));
  EXPECT_TRUE(SplitSpace("").empty());
  EXPECT_TRUE(SplitSpace(" \u2003 ").empty());
}

}  // namespace
}  // namespace bonsai
