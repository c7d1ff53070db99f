#include "worker/train/run_estimate.h"

#include <algorithm>
#include <bit>

#include "worker/train/llama_pass.h"

namespace bonsai {
namespace {

constexpr double kFloat = sizeof(float);
// Code, libraries (libtorch's are most of it), and what they allocate: measured on a model of no size. What
// is computed beside it was within 4 % of what processes of 0.03, 1.3 and 7 million parameters came to.
constexpr double kProcessBytes = 180e6;
// A forward pass is one of three equal parts of a step.
constexpr double kForwardShare = 1.0 / 3;

uint64_t RowsOf(const TrainingPlan& plan) {
  uint64_t rows = 0;
  const uint64_t steps = plan.end_steps, ramp = std::min<uint64_t>(plan.ramp.steps(), steps);
  const uint64_t initial = plan.ramp.initial_sequences();
  for (uint64_t step = 0; step < ramp; ++step) {
    rows += initial + (plan.batch_sequences - initial) * step / plan.ramp.steps();
  }
  return rows + (steps - ramp) * plan.batch_sequences;
}

uint64_t ValidationsOf(const TrainingPlan& plan) {
  const uint64_t every =
      plan.validate_every_steps > 0 ? plan.validate_every_steps : plan.checkpoint_every_steps;
  const uint64_t spaced = every == 0 ? 0 : plan.end_steps / every;
  return spaced + (every > 0 && plan.end_steps % every == 0 ? 0 : 1);
}

// The activations and gradients of the positions that pass through the model together (llama_pass.cc).
double PassBytes(const edge::ModelConfig& config, int64_t positions, double rows) {
  const LlamaPassOptions options;
  const int64_t rows_max = std::max<int64_t>(1, options.pass_positions / std::max<int64_t>(1, positions));
  const double n = std::min(rows, static_cast<double>(rows_max)) * static_cast<double>(positions);
  const double dim = config.dim, hidden = config.hidden_dim;
  const double attention = static_cast<double>(config.heads) * config.head_dim;
  const double qkv = attention + 2.0 * config.kv_heads * config.head_dim;
  const double layer = 2 * dim + 2 + qkv + config.heads + attention + 2 * hidden;
  const double once = 5 * dim + hidden + qkv + attention + 1;
  const double logits = std::min(n, static_cast<double>(options.logit_positions)) * config.vocab_size;
  return kFloat * (n * (config.layers * layer + once) + logits);
}

// Every matrix, packed for the product forth and for the one back.
double PackedBytes(const TrainingPlan& plan, const RunShape& shape) {
  const double value = plan.precision == v1::BF16 ? 2 : 4;
  double matrices = static_cast<double>(shape.parameters);
  if (!shape.config.tied_embeddings) {
    matrices -= static_cast<double>(shape.config.vocab_size) * shape.config.dim;
  }
  return 2 * value * matrices;
}

double MemoryOf(const TrainingPlan& plan, const RunShape& shape) {
  const bool all = shape.trained_parameters == 0 || shape.trained_parameters == shape.parameters;
  const double n = kFloat * static_cast<double>(shape.parameters);
  const double trained = kFloat * static_cast<double>(all ? shape.parameters : shape.trained_parameters);
  const double rows = static_cast<double>(plan.batch_sequences) / shape.ranks / shape.threads;
  const double passes = shape.threads * PassBytes(shape.config, shape.positions, std::max(1.0, rows));
  // Parameters, their gradient and another for each further thread; two moments of what is trained.
  double bytes = kProcessBytes + 2 * n + (shape.threads - 1) * n;
  bytes += 2 * trained / (plan.shard_optimizer ? shape.ranks : 1);
  // The frozen model beside the changed one; the adapters and their gradient.
  if (!all) bytes += n + 2 * trained;
  // The tree has weights of its own, and a gradient for each of its levels. The threads' other gradients and
  // passes are made, but only touched in a validation.
  if (plan.gradient_parts > 0) {
    const double parts = static_cast<double>(plan.gradient_parts) / shape.ranks;
    bytes += n * std::bit_width(static_cast<unsigned>(std::max(1.0, parts)) - 1);
    bytes += PackedBytes(plan, shape);
    if (shape.validation_rows > 0) bytes += passes;
  }
  bytes += PackedBytes(plan, shape) + passes;
  if (plan.checkpoint_every_steps > 0) bytes += 3 * trained / shape.ranks;
  if (plan.keep_best) bytes += trained;
  if (plan.guard.action() == v1::Guard::REWIND) bytes += trained;
  return bytes;
}

}  // namespace

double TokenFlops(const edge::ModelConfig& config, double positions) {
  edge::ModelConfig repeated = config;
  repeated.layers_per_weights = 1;
  double used = static_cast<double>(edge::CountParameters(repeated));
  if (!config.tied_embeddings) used -= static_cast<double>(config.vocab_size) * config.dim;
  const double width = static_cast<double>(config.heads) * config.head_dim;
  return 6.0 * used + 12.0 * config.layers * width * positions;
}

RunEstimate EstimateRun(const TrainingPlan& plan, const RunShape& shape, double tokens_per_second) {
  RunEstimate estimate;
  const auto positions = static_cast<uint64_t>(shape.positions);
  estimate.tokens = shape.tokens > 0 ? shape.tokens : RowsOf(plan) * positions;
  if (shape.validation_rows > 0) {
    estimate.validation_tokens =
        ValidationsOf(plan) * static_cast<uint64_t>(shape.validation_rows) * positions;
  }
  const double train = static_cast<double>(estimate.tokens);
  estimate.flops = train * TokenFlops(shape.config, static_cast<double>(shape.positions));
  if (tokens_per_second > 0) {
    const double held_out = static_cast<double>(estimate.validation_tokens);
    estimate.seconds = (train + kForwardShare * held_out) / tokens_per_second;
  }
  estimate.memory_bytes = MemoryOf(plan, shape);
  const double copies = plan.keep_best ? 4 : 3;
  const int64_t trained = shape.trained_parameters == 0 ? shape.parameters : shape.trained_parameters;
  estimate.checkpoint_bytes = kFloat * (copies * static_cast<double>(trained) + plan.end_steps);
  return estimate;
}

}  // namespace bonsai
