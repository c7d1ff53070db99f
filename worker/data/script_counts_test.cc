#include "worker/data/script_counts.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

ScriptCounts Count(absl::string_view text) {
  ScriptCounts counts;
  counts.Add(text);
  return counts;
}

TEST(ScriptCounts, TellsLatinHanAndOtherLettersApart) {
  const ScriptCounts counts = Count(
      "The caf\xC3\xA9, \xE7\x9B\x86\xE6\xA0\xBD 1984 "
      "\xD0\xB4\xD0\xBE\xD0\xBC \xE3\x81\x8B \xED\x95\x9C \xF0\xA0\x80\x80");
  EXPECT_EQ(counts.latin, 7u);  // Thecaf, e with an accent
  EXPECT_EQ(counts.han, 3u);    // two of the first plane, one of the second
  EXPECT_EQ(counts.other, 5u);  // three Cyrillic, one kana, one Hangul
  EXPECT_EQ(counts.letters(), 15u);
}

TEST(ScriptCounts, CountsNoDigitsMarksEmojiAndBrokenBytes) {
  EXPECT_EQ(Count("0123 .,;@[`{~ \n\t").letters(), 0u);
  EXPECT_EQ(Count("\xE2\x80\x9C\xE2\x80\x9D \xC3\x97 \xE3\x80\x82 \xF0\x9F\x8C\xB3 \xEF\xBF\xBD").letters(),
            0u);
  EXPECT_EQ(Count("\xFF\xC3 \xE7\x9B").letters(), 0u);
  EXPECT_EQ(Count("").letters(), 0u);
}

TEST(ScriptCounts, CountsTheEndsOfRanges) {
  EXPECT_EQ(Count("AZaz").latin, 4u);
  EXPECT_EQ(Count("\xE4\xB8\x80\xE9\xBF\xBF").han, 2u);    // U+4E00, U+9FFF
  EXPECT_EQ(Count("\xE4\xB7\xBF").letters(), 0u);          // U+4DFF
  EXPECT_EQ(Count("\xCD\xB0").other, 1u);                  // U+0370, Greek
  EXPECT_EQ(Count("\xC9\x90").latin, 1u);                  // U+0250
  EXPECT_EQ(Count("\xEF\xBC\xA1\xEF\xBC\x90").latin, 1u);  // full-width A, 0
}

}  // namespace
}  // namespace bonsai
