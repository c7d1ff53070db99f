#include "evaluator/suites/text_measure.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::optional<double> Value(absl::string_view measure, const TextAnswer& text) {
  return MeasuredText(text).Value(measure);
}

TEST(TextMeasure, NumbersMatchWhereTextsDiffer) {
  EXPECT_EQ(Value("numeric_match", {"18.0", "18", {}, {}}), 1);
  EXPECT_EQ(Value("numeric_match", {"18.1", "18", {}, {}}), 0);
  EXPECT_EQ(Value("numeric_match", {"NULL", "18", {}, {}}), 0);
  EXPECT_EQ(Value("numeric_match", {"1.5", "1.5", {}, {}}), 1);
  EXPECT_EQ(Value("numeric_match", {"1.50", "1.5", {}, {}}), 0);
  EXPECT_EQ(Value("exact_match", {"18.0", "18", {}, {}}), 0);
}

TEST(TextMeasure, TruthIsWhatIsNearerToTheRightAnswers) {
  MeasuredText right(
      {"The moon is rock.", "", {"The moon is rock.", "It is stone."}, {"The moon is cheese."}});
  EXPECT_NEAR(right.Value("lmeval_bleu_max").value(), 100, 1e-9);
  EXPECT_EQ(right.Value("lmeval_bleu_acc"), 1);
  EXPECT_NEAR(right.Value("lmeval_rouge1_max").value(), 100, 1e-9);
  EXPECT_NEAR(right.Value("lmeval_rouge1_diff").value(), 25, 1e-9);
  EXPECT_NEAR(right.Value("opencompass_bleu_max").value(), 1, 1e-9);
  EXPECT_EQ(right.Value("opencompass_bleu_acc"), 1);
  MeasuredText wrong({"The moon is cheese.", "", {"The moon is rock."}, {"The moon is cheese."}});
  EXPECT_EQ(wrong.Value("lmeval_rougeL_acc"), 0);
  EXPECT_EQ(Value("opencompass_bleu_acc", {" ", "", {"a"}, {"b"}}), std::nullopt);
  EXPECT_EQ(Value("lmeval_bleu_acc", {"a", "", {"a"}, {}}), std::nullopt);
}

TEST(TextMeasure, RougeIsTheBestReferences) {
  EXPECT_DOUBLE_EQ(Value("rouge1", {"a b", "a b c d", {}, {}}).value(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(Value("rouge1", {"a b", "", {"x", "a b"}, {}}).value(), 1);
  EXPECT_EQ(Value("rouge2", {"a b", "b a", {}, {}}), 0);
}

TEST(TextMeasure, LongBenchsScoresAreTheBestReferences) {
  EXPECT_DOUBLE_EQ(Value("longbench_qa_f1", {"The red fish!", "", {"a blue bird", "red fish"}, {}}).value(),
                   1);
  EXPECT_DOUBLE_EQ(Value("longbench_count", {"3 or 4", "", {"4"}, {}}).value(), 0.5);
  EXPECT_DOUBLE_EQ(Value("longbench_retrieval", {"Paragraph 7", "", {"Paragraph 7"}, {}}).value(), 1);
  EXPECT_DOUBLE_EQ(
      Value("longbench_classification", {"fish, bird", "", {"fish"}, {"fish", "bird", "cat"}}).value(), 0.5);
  EXPECT_DOUBLE_EQ(Value("longbench_code_lmeval", {"x = 1\ny = 2", "", {"x = 1"}, {}}).value(), 1);
  EXPECT_NEAR(Value("longbench_rouge", {"a b", "", {"a b c d"}, {}}).value(), 2.0 / 3, 1e-6);
}

TEST(TextMeasure, EveryNameHasAValueAndSharesHaveTheCeilingOne) {
  for (const std::string& name : TextMeasureNames()) {
    EXPECT_TRUE(Value(name, {"a", "a", {"a"}, {"b"}}).has_value()) << name;
  }
  EXPECT_EQ(TextMeasureCeiling("exact_match"), 1);
  EXPECT_EQ(TextMeasureCeiling("lmeval_bleu_max"), 100);
  EXPECT_EQ(TextMeasureCeiling("lmeval_bleu_acc"), 1);
  EXPECT_EQ(TextMeasureCeiling("opencompass_bleu_diff"), std::nullopt);
}

}  // namespace
}  // namespace bonsai
