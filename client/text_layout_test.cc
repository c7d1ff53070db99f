#include "client/text_layout.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;

TEST(TextLayoutTest, CountsCharactersNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("\xC3\xA4\xE2\x96\x88"), 2u);
}

TEST(TextLayoutTest, CutsOnCharactersAndSaysSo) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdefg", 6), "abc...");
  EXPECT_EQ(CutToWidth("abcdefg", 2), "ab");
  EXPECT_EQ(CutToWidth("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 4), "\xC3\xA4...");
}

TEST(TextLayoutTest, PadsOnEitherSide) {
  EXPECT_EQ(PadToWidth("ab", 4), "ab  ");
  EXPECT_EQ(PadToWidth("ab", 4, true), "  ab");
  EXPECT_EQ(PadToWidth("abcde", 4), "abcde");
}

TEST(TextLayoutTest, WrapsAtSpacesAndInsideLongWords) {
  EXPECT_THAT(WrapText("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapText("abcdefghij k", 4), ElementsAre("abcd", "efgh", "ij k"));
  EXPECT_THAT(WrapText("a\nb", 80), ElementsAre("a", "b"));
  EXPECT_THAT(WrapText("", 80), ElementsAre(""));
}

TEST(TextLayoutTest, RemovesWhatATerminalWouldObey) { EXPECT_EQ(Printable("a\x1b[31mb\nc"), "a?[31mb c"); }

}  // namespace
}  // namespace bonsai
