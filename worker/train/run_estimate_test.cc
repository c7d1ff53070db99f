#include "worker/train/run_estimate.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

// 1000 parameters in all: the numbers need not fit each other.
RunShape Shape() {
  RunShape shape;
  shape.config.dim = 8;
  shape.config.hidden_dim = 16;
  shape.config.layers = 3;
  shape.config.heads = shape.config.kv_heads = 2;
  shape.config.head_dim = 4;
  shape.config.vocab_size = 50;
  shape.parameters = 1000;
  shape.positions = 10;
  return shape;
}

TrainingPlan Plan() {
  TrainingPlan plan;
  plan.kind = "pretrain";
  plan.steps = plan.end_steps = 20;
  plan.batch_sequences = 8;
  return plan;
}

TEST(RunEstimate, CountsTokensAlsoOfARamp) {
  TrainingPlan plan = Plan();
  EXPECT_EQ(EstimateRun(plan, Shape(), 0).tokens, 20u * 8 * 10);
  plan.ramp.set_steps(4);
  plan.ramp.set_initial_sequences(2);  // 2, 3, 5, 6, then 8
  EXPECT_EQ(EstimateRun(plan, Shape(), 0).tokens, (2u + 3 + 5 + 6 + 16 * 8) * 10);
  plan.end_steps = 2;
  EXPECT_EQ(EstimateRun(plan, Shape(), 0).tokens, (2u + 3) * 10);
  RunShape padded = Shape();
  padded.tokens = 77;
  EXPECT_EQ(EstimateRun(plan, padded, 0).tokens, 77u);
}

TEST(RunEstimate, FlopsLeaveOutAnEmbeddingThatIsOnlyLookedUp) {
  RunShape shape = Shape();
  // A layer: 4 x 8 x 8 of attention, 3 x 8 x 16, two norms; beside them 50 x 8 of the embedding and a norm.
  const double layer = 256 + 384 + 16, rest = 400 + 8;
  EXPECT_EQ(TokenFlops(shape.config, 10), 6 * (3 * layer + rest) + 12.0 * 3 * 8 * 10);
  shape.config.layers_per_weights = 3;  // they work three times all the same
  EXPECT_EQ(TokenFlops(shape.config, 10), 6 * (3 * layer + rest) + 12.0 * 3 * 8 * 10);
  shape.config.layers_per_weights = 1;
  shape.config.tied_embeddings = false;
  EXPECT_EQ(TokenFlops(shape.config, 10), 6 * (3 * layer + rest) + 12.0 * 3 * 8 * 10);
  EXPECT_EQ(EstimateRun(Plan(), shape, 0).flops, 1600 * TokenFlops(shape.config, 10));
}

TEST(RunEstimate, TimeIsTrainingAndAThirdForValidation) {
  TrainingPlan plan = Plan();
  RunShape shape = Shape();
  EXPECT_EQ(EstimateRun(plan, shape, 0).seconds, 0);
  EXPECT_EQ(EstimateRun(plan, shape, 100).seconds, 16);
  shape.validation_rows = 3;
  EXPECT_EQ(EstimateRun(plan, shape, 0).validation_tokens, 30u);  // at the end
  plan.validate_every_steps = 6;                                  // and after 6, 12, 18
  EXPECT_EQ(EstimateRun(plan, shape, 0).validation_tokens, 4u * 30);
  EXPECT_NEAR(EstimateRun(plan, shape, 100).seconds, 16 + 0.4, 1e-9);
  plan.validate_every_steps = 0;
  plan.checkpoint_every_steps = 10;
  EXPECT_EQ(EstimateRun(plan, shape, 0).validation_tokens, 2u * 30);
}

TEST(RunEstimate, MemoryGrowsWithWhatIsKept) {
  RunShape shape = Shape();
  shape.parameters = 10'000'000;
  TrainingPlan plan = Plan();
  const double n = 4.0 * 10'000'000;
  const double plain = EstimateRun(plan, shape, 0).memory_bytes;
  EXPECT_GT(plain, 6 * n);  // four buffers, two packed
  plan.precision = v1::BF16;
  EXPECT_NEAR(plain - EstimateRun(plan, shape, 0).memory_bytes, n, 1);
  plan.precision = v1::F32;
  plan.checkpoint_every_steps = 5;
  EXPECT_NEAR(EstimateRun(plan, shape, 0).memory_bytes - plain, 3 * n, 1);
  shape.ranks = 4;  // a quarter of the checkpoint, and fewer rows
  EXPECT_NEAR(EstimateRun(plan, shape, 0).memory_bytes - plain, 0.75 * n, 2e5);
  plan.keep_best = true;
  plan.guard.set_action(v1::Guard::REWIND);
  EXPECT_NEAR(EstimateRun(plan, shape, 0).memory_bytes - plain, 2.75 * n, 2e5);
  EXPECT_NEAR(EstimateRun(plan, shape, 0).checkpoint_bytes, 4 * n, 1e3);
}

}  // namespace
}  // namespace bonsai
