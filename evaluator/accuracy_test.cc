#include "evaluator/accuracy.h"

#include <cmath>
#include <vector>

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(Accuracy, OfEqualLoglikelihoodsTheFirstIsChosen) {
  EXPECT_EQ(Argmax(std::vector<double>{-2, -1, -1, -3}), 1u);
  EXPECT_EQ(Argmax(std::vector<double>{-5}), 0u);
}

TEST(Accuracy, StandardErrorIsTheSamplesDeviationOverTheRootOfN) {
  const std::vector<double> values = {1, 0, 0, 1, 1, 0, 0, 0};
  double sum = 0;
  for (double value : values) sum += value;
  const double mean = sum / values.size();
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  const double expected = std::sqrt(squares / (values.size() - 1)) / std::sqrt(values.size());

  const v1::MetricResult metric = AccuracyMetric(3, 8);
  EXPECT_EQ(metric.name(), "acc");
  EXPECT_DOUBLE_EQ(metric.value(), 0.375);
  EXPECT_NEAR(metric.stderr(), expected, 1e-15);
  EXPECT_FALSE(AccuracyMetric(1, 1).has_stderr());
}

TEST(Accuracy, TheFloorIsTheMostFrequentAnswer) {
  v1::MetricResult metric;
  SetConstantAnswerFloor(std::vector<std::string>{"B", "A", "B", "C"}, &metric);
  EXPECT_EQ(metric.floor(), 0.5);
  EXPECT_EQ(metric.floor_name(), "always answering B");
}

// 1267 x 2 logged loglikelihoods with the harness's own verdicts.
TEST(Accuracy, ChoosesAsTheHarnessDidOnItsWinograndeLog) {
  BONSAI_FIND_TEST_DATA(path, "../golden/eval/lmeval_winogrande_loglikelihoods.json");
  std::string error;
  const auto file = edge::MappedFile::Open(path, &error);
  ASSERT_NE(file, nullptr) << error;
  const auto log = edge::JsonValue::Parse(file->text(), &error);
  ASSERT_TRUE(log.has_value()) << error;
  size_t correct = 0;
  for (const edge::JsonValue& entry : log->items()) {
    const std::vector<double> loglikelihoods = {entry.Find("logit_0")->number(),
                                                entry.Find("logit_1")->number()};
    const bool right = static_cast<int64_t>(Argmax(loglikelihoods)) == entry.Find("truth")->integer();
    ASSERT_EQ(right, entry.Find("acc")->string() == "True") << entry.Find("doc_id")->Describe();
    correct += right;
  }
  ASSERT_EQ(log->items().size(), 1267u);
  EXPECT_EQ(correct, 965u);
}

}  // namespace
}  // namespace bonsai
