#include "evaluator/suite_groups.h"

#include <cmath>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

// A part whose `right` of `n` questions are answered rightly.
Judgement Part(const std::string& name, double right, double n, bool by_size) {
  Judgement part;
  part.result.set_suite("big/" + name);
  part.result.set_suite_sha256("abc");
  part.result.set_documents(static_cast<uint64_t>(n));
  v1::MetricResult* metric = part.result.add_metrics();
  metric->set_name("acc");
  const double mean = right / n;
  metric->set_value(mean);
  metric->set_stderr(std::sqrt(mean * (1 - mean) / (n - 1)));
  metric->set_floor(0.25);
  metric->set_ceiling(1);
  part.subset_of = {.suite = "big", .parts = 2, .by_size = by_size};
  return part;
}

TEST(SuiteGroups, PartsCountByTheirSize) {
  std::vector<Judgement> judgements = {Part("a", 2, 4, true), Part("b", 6, 8, true)};
  AddGroups(&judgements);
  ASSERT_EQ(judgements.size(), 3u);
  const v1::SuiteResult& group = judgements[2].result;
  EXPECT_EQ(group.suite(), "big");
  EXPECT_EQ(group.documents(), 12u);
  EXPECT_DOUBLE_EQ(group.metrics(0).value(), 8.0 / 12);
  // Sums of squared deviations: 4 / 4 and 8 * 3 / 16.
  EXPECT_NEAR(group.metrics(0).stderr(), std::sqrt((1 + 1.5) / 10 / 12), 1e-12);
  EXPECT_DOUBLE_EQ(group.metrics(0).floor(), 0.25);
  EXPECT_EQ(group.metrics(0).ceiling(), 1);
}

TEST(SuiteGroups, OrAllTheSame) {
  std::vector<Judgement> judgements = {Part("a", 2, 4, false), Part("b", 6, 8, false)};
  const double a = judgements[0].result.metrics(0).stderr(), b = judgements[1].result.metrics(0).stderr();
  AddGroups(&judgements);
  ASSERT_EQ(judgements.size(), 3u);
  EXPECT_DOUBLE_EQ(judgements[2].result.metrics(0).value(), (0.5 + 0.75) / 2);
  EXPECT_NEAR(judgements[2].result.metrics(0).stderr(), std::sqrt(a * a + b * b) / 2, 1e-12);
}

TEST(SuiteGroups, OnePartIsNoGroupAndNeitherAreOtherSuites) {
  std::vector<Judgement> judgements = {Part("a", 2, 4, true), Judgement{}};
  AddGroups(&judgements);
  EXPECT_EQ(judgements.size(), 2u);
}

TEST(SuiteGroups, SomePartsAreNoGroupAndNeitherAreSecretOnes) {
  std::vector<Judgement> judgements = {Part("a", 2, 4, true), Part("b", 6, 8, true)};
  for (Judgement& judgement : judgements) judgement.subset_of.parts = 3;
  AddGroups(&judgements);
  EXPECT_EQ(judgements.size(), 2u);
  for (Judgement& judgement : judgements) judgement.subset_of.parts = 2;
  judgements[1].result.set_holdout(true);
  AddGroups(&judgements);
  EXPECT_EQ(judgements.size(), 2u);
}

TEST(SuiteGroups, AMetricThatOnePartLacksIsNotTheGroups) {
  std::vector<Judgement> judgements = {Part("a", 2, 4, true), Part("b", 6, 8, true)};
  judgements[1].result.mutable_metrics(0)->set_name("other");
  AddGroups(&judgements);
  ASSERT_EQ(judgements.size(), 3u);
  EXPECT_TRUE(judgements[2].result.metrics().empty());
}

}  // namespace
}  // namespace bonsai
