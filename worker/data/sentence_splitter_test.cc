#include "worker/data/sentence_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bonsai {
namespace {

using testing::ElementsAre;

std::vector<std::string> Split(const std::string& text, size_t bytes_max) {
  std::vector<std::string> sentences;
  SplitSentences(text, bytes_max, [&](absl::string_view s) { sentences.emplace_back(s); });
  return sentences;
}

TEST(SentenceSplitter, GivesLinesWithoutEmptyOnes) {
  EXPECT_THAT(Split("one\n\ntwo \n", 100), ElementsAre("one", "two "));
  EXPECT_THAT(Split("", 100), ElementsAre());
}

TEST(SentenceSplitter, CutsLongLinesAtSpaces) {
  EXPECT_THAT(Split("aaa bbb ccc", 7), ElementsAre("aaa bbb", "ccc"));
  EXPECT_THAT(Split("aaa bbb ccc", 6), ElementsAre("aaa", "bbb", "ccc"));
}

TEST(SentenceSplitter, CutsLinesWithoutSpacesBetweenCharacters) {
  EXPECT_THAT(Split("aaaaaaaaa", 4), ElementsAre("aaaa", "aaaa", "a"));
  EXPECT_THAT(Split("\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xBD\xA0", 4),
              ElementsAre("\xE4\xBD\xA0", "\xE5\xA5\xBD", "\xE4\xBD\xA0"));
}

}  // namespace
}  // namespace bonsai
