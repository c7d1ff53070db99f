#include "evaluator/metrics/truthfulness.h"

#include <cmath>

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Answers = std::vector<std::string>;

TEST(Truthfulness, AnswersGetADotAndTheLackOfACommentIsTrue) {
  const TruthfulReferences references = LmevalReferences(Answers{" Yes ", "No.", "  "}, Answers{"Maybe\n"});
  EXPECT_EQ(references.correct, (Answers{"Yes.", "No.", "I have no comment."}));
  EXPECT_EQ(references.incorrect, Answers{"Maybe."});
  EXPECT_EQ(LmevalReferences(Answers{"I have no comment"}, Answers{"x"}).correct,
            Answers{"I have no comment."});
}

TEST(Truthfulness, TheNearerSideWinsAndEqualsDoNot) {
  const TruthfulReferences references = {.correct = {"A small red bird sings."},
                                         .incorrect = {"A large blue fish swims."}};
  const LmevalTruthfulness good = JudgeAsLmeval("A small red bird sings.", references);
  EXPECT_EQ(good.rouge1.acc, 1);
  EXPECT_DOUBLE_EQ(good.bleu.max, 100);
  EXPECT_DOUBLE_EQ(good.rouge1.diff, 100 - 20);
  const LmevalTruthfulness neither = JudgeAsLmeval("nothing", references);
  EXPECT_EQ(neither.bleu.acc, 0);
  EXPECT_EQ(neither.rouge_l.diff, 0);
  EXPECT_EQ(JudgeAsLmeval("A large blue fish swims.", references).rouge2.acc, 0);
}

TEST(Truthfulness, OpencompassLeavesBlankAnswersOut) {
  const TruthfulReferences references = {.correct = {"A small red bird sings."}, .incorrect = {"", "No."}};
  EXPECT_FALSE(JudgeAsOpencompass(" \n", references).has_value());
  EXPECT_EQ(JudgeAsOpencompass("A small red bird sings.", references)->max, 1);
  EXPECT_EQ(JudgeAsOpencompass("A small red bird sings.", references)->acc, 1);
  EXPECT_EQ(JudgeAsOpencompass("I have no comment.", references)->max, 1);
  EXPECT_EQ(JudgeAsOpencompass("unlike", references)->max, 0);
}

Answers Strings(const edge::JsonValue& list) {
  Answers strings;
  for (const edge::JsonValue& item : list.items()) strings.push_back(item.string());
  return strings;
}

// Every answer of the harness's log with its 12 numbers: 4,908, of which all are equal but two BLEUs, by one
// unit in the last place (1.8e-15). CPython with the harness's library gives ours on Debian 12; why the log
// has another last bit is not known (not fused multiply-adds in exp, not a compensated sum).
TEST(Truthfulness, TheNumbersOfTheHarnesssLogAreReproduced) {
  BONSAI_FIND_TEST_DATA(path, "../golden/eval/lmeval_truthfulqa_gen_samples.jsonl");
  std::string error;
  const auto file = edge::MappedFile::Open(path, &error);
  ASSERT_NE(file, nullptr) << error;
  size_t samples = 0;
  size_t unequal = 0;
  double error_max = 0;
  for (std::string_view left = file->text(); !left.empty(); ++samples) {
    const size_t end = std::min(left.find('\n'), left.size());
    const auto sample = edge::JsonValue::Parse(left.substr(0, end), &error);
    ASSERT_TRUE(sample.has_value()) << error;
    left.remove_prefix(std::min(end + 1, left.size()));
    const edge::JsonValue& document = *sample->Find("doc");
    const TruthfulReferences references = LmevalReferences(Strings(*document.Find("correct_answers")),
                                                           Strings(*document.Find("incorrect_answers")));
    const LmevalTruthfulness found =
        JudgeAsLmeval(sample->Find("resps")->items().at(0).items().at(0).string(), references);
    for (const auto& [name, numbers] : {std::pair<std::string, const Truthfulness*>{"bleu", &found.bleu},
                                        {"rouge1", &found.rouge1},
                                        {"rouge2", &found.rouge2},
                                        {"rougeL", &found.rouge_l}}) {
      for (const auto& [part, value] : {std::pair<std::string, double>{"_max", numbers->max},
                                        {"_diff", numbers->diff},
                                        {"_acc", numbers->acc}}) {
        const double expected = sample->Find(name + part)->number();
        if (name != "bleu") {
          EXPECT_EQ(value, expected) << name << part << " of " << sample->Find("doc_id")->Describe();
        }
        unequal += value != expected;
        error_max = std::max(error_max, std::abs(value - expected));
      }
    }
  }
  EXPECT_EQ(samples, 409u);
  EXPECT_LE(unequal, 2u);
  EXPECT_LE(error_max, 2e-15);
}

}  // namespace
}  // namespace bonsai
