#include "evaluator/bench/question_set.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string Records(int count) {
  std::string jsonl;
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&jsonl, "{\"answerKey\": \"B\", \"question\": {\"stem\": \"What is ", i,
                    "?\", \"choices\": [");
    for (char label = 'A'; label <= 'E'; ++label) {
      absl::StrAppend(&jsonl, label == 'A' ? "" : ", ", "{\"label\": \"", std::string(1, label),
                      "\", \"text\": \"", std::string(1, label), i, "\"}");
    }
    absl::StrAppend(&jsonl, "]}}\n");
  }
  return jsonl;
}

TEST(QuestionSet, PutsTheSameExamplesBeforeEachQuestion) {
  const auto sets = MakeQuestionSets(Records(12), 6);
  ASSERT_TRUE(sets.ok()) << sets.status();
  ASSERT_EQ(sets->size(), 3u);
  const ChoiceQuestion& first = (*sets)[0].questions[0];
  EXPECT_THAT(first.context, testing::StartsWith("Question: What is 0?\nAnswer: B0\n\nQuestion: What is 1?"));
  EXPECT_THAT(first.context, testing::EndsWith("\n\nQuestion: What is 5?\nAnswer:"));
  EXPECT_EQ(first.continuations, (std::vector<std::string>{" A5", " B5", " C5", " D5", " E5"}));
  EXPECT_EQ((*sets)[1].questions[0].continuations[0], " A5 and A6");
  for (const QuestionSet& set : *sets) EXPECT_EQ(set.questions.size(), 6u);
}

TEST(QuestionSet, CountsWhatSharingLeaves) {
  const SharingBounds bounds = MeasureSharing({{"abc", {"de", "df"}}, {"abx", {"y"}}});
  EXPECT_EQ(bounds.alone, 5u + 5 + 4);
  EXPECT_EQ(bounds.context, 3u + 4 + 3 + 1);
  EXPECT_EQ(bounds.trie, 8u);  // a b c d e, f, x y
}

TEST(QuestionSet, NamesTheLineThatIsNoRecord) {
  EXPECT_THAT(std::string(MakeQuestionSets(Records(3) + "{}\n", 1).status().message()), HasSubstr("line 4"));
  EXPECT_THAT(std::string(MakeQuestionSets(Records(6), 1).status().message()),
              HasSubstr("6 records; 1 questions need 7"));
}

}  // namespace
}  // namespace bonsai
