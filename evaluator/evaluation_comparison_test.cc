#include "evaluator/evaluation_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "runner/fake_runner_context.h"

namespace bonsai {
namespace {

v1::ItemResult Item(const std::string& id, double acc, double loss, const std::string& expected = "A") {
  v1::ItemResult item;
  item.set_id(id);
  item.set_expected(expected);
  v1::MetricValue* value = item.add_metrics();
  value->set_name("acc");
  value->set_value(acc);
  value = item.add_metrics();
  value->set_name("loss");
  value->set_value(loss);
  return item;
}

v1::SuiteResult Result() {
  v1::SuiteResult result;
  result.set_suite("quiz");
  result.add_metrics()->set_name("acc");
  result.add_metrics()->set_name("loss");
  result.mutable_metrics(1)->set_lower_is_better(true);
  result.add_metrics()->set_name("throughput");
  return result;
}

TEST(EvaluationComparison, ItemsAreMatchedByIdWhateverTheirOrder) {
  const std::vector<v1::ItemResult> now = {Item("1", 1, 0.5), Item("2", 0, 2), Item("3", 1, 1),
                                           Item("new", 1, 0), Item("other", 1, 0, "B")};
  const std::vector<v1::ItemResult> then = {Item("3", 0, 2), Item("1", 0, 1), Item("2", 0, 1),
                                            Item("gone", 1, 0), Item("other", 0, 0)};
  const std::vector<v1::MetricComparison> comparisons = CompareItems(Result(), now, then);
  ASSERT_EQ(comparisons.size(), 2u) << "no item has a throughput";
  EXPECT_EQ(comparisons[0].suite(), "quiz");
  EXPECT_EQ(comparisons[0].metric(), "acc");
  EXPECT_EQ(comparisons[0].items(), 3u);
  EXPECT_EQ(comparisons[0].better(), 2u);
  EXPECT_EQ(comparisons[0].worse(), 0u);
  EXPECT_DOUBLE_EQ(comparisons[0].difference(), 2. / 3);
  EXPECT_DOUBLE_EQ(comparisons[0].p_value(), 0.5);
  EXPECT_EQ(comparisons[0].test(), "exact McNemar");
  EXPECT_THAT(comparisons[0].changed_ids(), testing::ElementsAre("1", "3"));
  // Of a loss, less is better.
  EXPECT_EQ(comparisons[1].better(), 2u);
  EXPECT_EQ(comparisons[1].worse(), 1u);
  EXPECT_EQ(comparisons[1].test(), "sign-flip permutation, exact");
}

std::string Bytes(const std::vector<v1::ItemResult>& items) {
  std::string bytes;
  for (const v1::ItemResult& item : items) {
    const std::string one = item.SerializeAsString();
    bytes.push_back(static_cast<char>(one.size()));  // all are shorter than 128 bytes
    bytes += one;
  }
  return bytes;
}

class AddingComparisons : public testing::Test {
 protected:
  AddingComparisons() : context_(FakeRunnerContext::Create(testing::TempDir())) {
    judgements_.push_back({.result = Result(), .items = {Item("1", 1, 0)}});
    *report_.add_suites() = judgements_[0].result;
  }

  void CompareWith(const std::map<std::string, std::string>& files) {
    context_->mutable_task().mutable_spec()->mutable_evaluate()->set_compare_with("x");
    earlier_ = context_->AddInput("evaluate.compare_with", "evaluation", files);
  }

  const std::unique_ptr<FakeRunnerContext> context_;
  std::vector<Judgement> judgements_;
  v1::EvaluationReport report_;
  std::string earlier_;
};

TEST_F(AddingComparisons, TheReportNamesTheEarlierEvaluation) {
  CompareWith({{"items/quiz.binpb", Bytes({Item("1", 0, 0)})}});
  ASSERT_TRUE(AddComparisons(*context_, judgements_, &report_).ok());
  EXPECT_EQ(report_.compared_with(), earlier_);
  ASSERT_EQ(report_.comparisons_size(), 2);
  EXPECT_EQ(report_.comparisons(0).better(), 1u);
}

TEST_F(AddingComparisons, WithoutCompareWithNothingIsAdded) {
  ASSERT_TRUE(AddComparisons(*context_, judgements_, &report_).ok());
  EXPECT_EQ(report_.compared_with(), "");
  EXPECT_EQ(report_.comparisons_size(), 0);
}

TEST_F(AddingComparisons, ASuiteThatTheEarlierOneLacksIsNoted) {
  CompareWith({{"report.json", "{}"}});
  ASSERT_TRUE(AddComparisons(*context_, judgements_, &report_).ok());
  EXPECT_EQ(report_.comparisons_size(), 0);
  EXPECT_THAT(report_.suites(0).notes(0), testing::HasSubstr("not compared"));
}

TEST_F(AddingComparisons, ABrokenFileIsNamed) {
  CompareWith({{"items/quiz.binpb", "\x7f"}});
  const absl::Status status = AddComparisons(*context_, judgements_, &report_);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(
      std::string(status.message()),
      testing::HasSubstr(absl::StrCat("evaluation ", earlier_.substr(0, 12), ", items/quiz.binpb: item 0")));
}

}  // namespace
}  // namespace bonsai
