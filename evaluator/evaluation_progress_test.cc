#include "evaluator/evaluation_progress.h"

#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"

namespace bonsai {
namespace {

TEST(EvaluationProgress, TellsTheFirstAndTheLastOfAHurry) {
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  EvaluationProgress progress(*context, 1000);
  for (uint64_t done = 400; done <= 1000; ++done) ASSERT_TRUE(progress.Update(done).ok());
  ASSERT_GE(context->progress().size(), 2u);
  EXPECT_LT(context->progress().size(), 100u);
  EXPECT_EQ(context->progress().front().step(), 400u);
  // What was known before this run says nothing of the time that is left.
  EXPECT_LT(context->progress().front().eta_seconds(), 0);
  EXPECT_EQ(context->progress().back().step(), 1000u);
  EXPECT_EQ(context->progress().back().total_steps(), 1000u);
  EXPECT_EQ(context->progress().back().eta_seconds(), 0);
}

TEST(EvaluationProgress, EndsTheWorkWhenAskedToStop) {
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  EvaluationProgress progress(*context, 10);
  EXPECT_TRUE(progress.Update(1).ok());
  context->RequestStop();
  EXPECT_EQ(progress.Update(2).code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace bonsai
