#include "worker/train/run_shape.h"

#include <algorithm>

namespace bonsai {
namespace {

// Sums over all steps are made of runs of at most so many.
constexpr uint64_t kCountedStepsMax = 1'000'000;

}  // namespace

RunShape ShapeOfRun(const ParameterLayout& layout, const ParameterLayout& trained, const TrainingPlan& plan,
                    BatchSource& training, int ranks, int threads, int64_t validation_rows) {
  RunShape shape;
  shape.config = layout.config();
  shape.parameters = layout.size();
  shape.trained_parameters = trained.size();
  shape.ranks = ranks;
  shape.threads = threads;
  const uint64_t steps = std::min<uint64_t>(plan.end_steps, kCountedStepsMax);
  uint64_t rows = 0, tokens = 0;
  for (uint64_t step = 0; step < steps; ++step) {
    const BatchSource::Size size = training.SizeOf(step);
    rows += static_cast<uint64_t>(size.rows);
    tokens += size.tokens;
  }
  shape.positions = static_cast<int64_t>(tokens / std::max<uint64_t>(1, rows));
  if (steps == plan.end_steps) shape.tokens = tokens;
  shape.validation_rows = validation_rows;
  return shape;
}

uint64_t TokensBefore(BatchSource& training, const StepOrder& order, uint64_t steps) {
  uint64_t tokens = 0;
  for (uint64_t step = 0; step < steps; ++step) tokens += training.SizeOf(order.BatchOf(step)).tokens;
  return tokens;
}

}  // namespace bonsai
