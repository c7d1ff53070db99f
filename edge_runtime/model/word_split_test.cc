#include "edge_runtime/model/word_split.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bonsai::edge {
namespace {

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t bytes = FirstWord(text);
    words.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return words;
}

using List = std::vector<std::string>;

TEST(WordSplitTest, CutsLettersNumbersAndTheRestEachWithTheSpaceBefore) {
  EXPECT_EQ(Words("The tree, 1984: 3.5m!?"),
            (List{"The", " tree", ",", " 1984", ":", " 3", ".", "5", "m", "!?"}));
  EXPECT_EQ(Words("na\xC3\xAFve caf\xC3\xA9"), (List{"na\xC3\xAFve", " caf\xC3\xA9"}));
  EXPECT_EQ(Words("\xE4\xBD\xA0\xE5\xA5\xBD\xEF\xBC\x81"),
            (List{"\xE4\xBD\xA0\xE5\xA5\xBD", "\xEF\xBC\x81"}));
  EXPECT_EQ(Words("\xC2\xBD\xE2\x85\xAB \xD9\xA3"), (List{"\xC2\xBD\xE2\x85\xAB", " \xD9\xA3"}));  // ½Ⅻ ٣
  EXPECT_EQ(Words("e\xCC\x81 \xF0\x9F\x98\x80"), (List{"e", "\xCC\x81", " \xF0\x9F\x98\x80"}));    // a mark
}

TEST(WordSplitTest, CutsOffContractionsOfSmallLettersOnly) {
  EXPECT_EQ(Words("it's we'll I'VE don't"), (List{"it", "'s", " we", "'ll", " I", "'", "VE", " don", "'t"}));
  EXPECT_EQ(Words("'snake 'll"), (List{"'s", "nake", " '", "ll"}));
  EXPECT_EQ(Words("'re've'm'd'l'r'"), (List{"'re", "'ve", "'m", "'d", "'", "l", "'", "r", "'"}));
}

TEST(WordSplitTest, TheLastWhiteSpaceGoesWithWhatFollows) {
  EXPECT_EQ(Words("a  b"), (List{"a", " ", " b"}));
  EXPECT_EQ(Words("a \n\n b \n"), (List{"a", " \n\n", " b", " \n"}));
  EXPECT_EQ(Words("\nb\t\tc"), (List{"\n", "b", "\t", "\t", "c"}));
  EXPECT_EQ(Words("   "), (List{"   "}));
  EXPECT_EQ(Words(" "), (List{" "}));
  EXPECT_EQ(Words(" \xE3\x80\x80x"), (List{" ", "\xE3\x80\x80", "x"}));
  EXPECT_EQ(Words("\xC2\xA0\xC2\xA0!"), (List{"\xC2\xA0", "\xC2\xA0", "!"}));
  // U+001C is a space to Python's str, not to Unicode.
  EXPECT_EQ(Words("a\x1C"), (List{"a", "\x1C"}));
}

TEST(WordSplitTest, BytesThatAreNotUtf8AreNeitherLettersNorSpaces) {
  EXPECT_EQ(Words("a\xFF\xE4\xBDz"), (List{"a", "\xFF\xE4\xBD", "z"}));
  EXPECT_EQ(Words(" \x80!"), (List{" \x80!"}));
  EXPECT_EQ(Words(std::string("\0 \0", 3)), (List{std::string(1, '\0'), std::string(" \0", 2)}));
}

}  // namespace
}  // namespace bonsai::edge
