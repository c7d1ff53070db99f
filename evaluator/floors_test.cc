#include "evaluator/floors.h"

#include "gtest/gtest.h"

namespace bonsai {
namespace {

TEST(Floors, ConstantMajorityAndChanceOfMultipleChoice) {
  const std::vector<FloorQuestion> questions = {{"B", 4}, {"A", 2}, {"B", 4}, {"C", 4}};
  const std::vector<std::string> known = {"C", "C", "B"};
  const std::vector<v1::Floor> floors = AnswerFloors(questions, known);
  ASSERT_EQ(floors.size(), 3u);
  EXPECT_EQ(floors[0].name(), "constant answer B");
  EXPECT_EQ(floors[0].value(), 0.5);
  EXPECT_EQ(floors[1].name(), "majority answer");
  EXPECT_EQ(floors[1].value(), 0.25);
  EXPECT_EQ(floors[2].name(), "chance");
  EXPECT_DOUBLE_EQ(floors[2].value(), (0.25 + 0.5 + 0.25 + 0.25) / 4);
}

TEST(Floors, WhatCannotBeSaidIsLeftOut) {
  EXPECT_TRUE(AnswerFloors({}, {}).empty());
  const std::vector<FloorQuestion> open = {{"12", 0}, {"7", 0}};
  const std::vector<v1::Floor> floors = AnswerFloors(open, {});
  ASSERT_EQ(floors.size(), 1u);
  EXPECT_EQ(floors[0].name(), "constant answer 12");
  const std::vector<std::string> strange = {"never expected"};
  EXPECT_EQ(AnswerFloors(open, strange)[1].value(), 0);
}

TEST(Floors, ALongAnswerIsCutBetweenCharactersAndStaysOnOneLine) {
  std::string answer = "two\nlines ";
  while (answer.size() < 60) answer += "\u00e9";
  const std::vector<FloorQuestion> questions = {{answer, 0}};
  const std::string name = AnswerFloors(questions, {})[0].name();
  EXPECT_EQ(name.substr(0, 26), "constant answer two lines ");
  EXPECT_EQ(name.substr(name.size() - 5), "\u00e9...");
}

TEST(Floors, OfAnyMetricTheBestCandidateIsTheConstant) {
  const std::vector<std::string> candidates = {"a", "bbb", "cc"};
  const auto length = [](absl::string_view answer) { return static_cast<double>(answer.size()); };
  EXPECT_EQ(ConstantFloor(candidates, length).name(), "constant answer bbb");
  EXPECT_EQ(ConstantFloor(candidates, length, true).value(), 1);
}

TEST(Floors, TheMetricsFloorIsTheBestOfThem) {
  std::vector<v1::Floor> floors(2);
  floors[0].set_name("x");
  floors[0].set_value(0.2);
  floors[1].set_name("y");
  floors[1].set_value(0.3);
  v1::MetricResult metric;
  SetFloors(floors, &metric);
  EXPECT_EQ(metric.floor_name(), "y");
  EXPECT_EQ(metric.floors_size(), 2);
  v1::MetricResult perplexity;
  perplexity.set_lower_is_better(true);
  SetFloors(floors, &perplexity);
  EXPECT_EQ(perplexity.floor(), 0.2);
  v1::MetricResult none;
  SetFloors({}, &none);
  EXPECT_FALSE(none.has_floor());
}

}  // namespace
}  // namespace bonsai
