#include "evaluator/holdout/ngram_overlap.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

std::string Words(int from, int count, const std::string& between = " ") {
  std::string text;
  for (int i = 0; i < count; ++i) absl::StrAppend(&text, i == 0 ? "" : between, "word", from + i);
  return text;
}

double ShareOf(const std::vector<std::vector<std::string>>& questions,
               const std::vector<std::string>& training) {
  NgramOverlap overlap;
  for (const auto& texts : questions) overlap.AddQuestion(texts);
  for (const std::string& text : training) overlap.Scan(text);
  return overlap.share();
}

TEST(NgramOverlap, IsTheShareOfQuestionsOfWhichThirteenWordsStandInTheText) {
  EXPECT_EQ(ShareOf({{Words(0, 20)}}, {Words(7, 13)}), 1);
  EXPECT_EQ(ShareOf({{Words(0, 20)}}, {Words(8, 12), Words(0, 12)}), 0);
  EXPECT_EQ(ShareOf({{Words(0, 20)}}, {absl::StrCat("before ", Words(3, 13), " behind it")}), 1);
  EXPECT_EQ(ShareOf({{Words(0, 20)}, {Words(100, 20)}, {Words(200, 20)}, {Words(300, 20)}}, {Words(0, 150)}),
            0.5);
  EXPECT_EQ(ShareOf({}, {Words(0, 20)}), 0);
}

TEST(NgramOverlap, DoesNotJoinWhatDocumentsSeparate) {
  EXPECT_EQ(ShareOf({{Words(0, 13)}}, {Words(0, 7), Words(7, 6)}), 0);
}

TEST(NgramOverlap, HeedsNeitherCaseNorPunctuationNorSpacing) {
  std::string training = Words(0, 15, ",\n  -- ");
  for (char& c : training) c = static_cast<char>(toupper(c));
  EXPECT_EQ(ShareOf({{Words(0, 15)}}, {training}), 1);
  EXPECT_EQ(ShareOf({{Words(0, 15)}}, {Words(0, 15, "")}), 0);
}

TEST(NgramOverlap, TakesShortTextsAsTheyAreAndVeryShortOnesTogether) {
  EXPECT_EQ(ShareOf({{Words(0, 9)}}, {Words(0, 30)}), 1);
  EXPECT_EQ(ShareOf({{Words(0, 9)}}, {Words(1, 30)}), 0);
  // A choice of one word is everywhere.
  EXPECT_EQ(ShareOf({{Words(0, 20), "word100"}}, {Words(100, 20)}), 0);
  EXPECT_EQ(ShareOf({{Words(0, 5), Words(5, 4)}}, {Words(0, 30)}), 1);
  EXPECT_EQ(ShareOf({{"word1 word2"}}, {Words(0, 30)}), 0);
}

TEST(NgramOverlap, CountsCharactersOfScriptsWithoutSpacesAsWords) {
  const std::string question = "以下句子是否通顺请你仔细想一想";
  EXPECT_EQ(ShareOf({{question}}, {absl::StrCat("文章", question, "。")}), 1);
  EXPECT_EQ(ShareOf({{question}}, {"以下句子是不是通顺请你想一想"}), 0);
}

TEST(NgramOverlap, TakesAnyBytes) {
  EXPECT_EQ(ShareOf({{std::string("\xe4\xff\x80 \xf0\x9f", 6), Words(0, 13)}},
                    {std::string("\xf0\x9f\xc3", 3), Words(0, 13)}),
            1);
}

}  // namespace
}  // namespace bonsai
