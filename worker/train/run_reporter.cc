#include "worker/train/run_reporter.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "worker/train/figure_text.h"

namespace bonsai {
namespace {

constexpr uint64_t kSamplesPerRun = 1000;
// The speed is that of so many seconds of steps after the first, or of so many steps.
constexpr double kMeasuredSeconds = 5;
constexpr uint64_t kMeasuredSteps = 50;

template <typename... Parts>
void Log(const Parts&... parts) {
  std::fprintf(stderr, "%s\n", absl::StrCat(parts...).c_str());
}

double ValueOf(const Metrics& metrics, absl::string_view name) {
  for (const auto& [key, value] : metrics) {
    if (key == name) return value;
  }
  return 0;
}

}  // namespace

RunReporter::RunReporter(RunnerContext& context, bool speaks, const TrainingPlan& plan, const RunShape& shape,
                         RunRecord& record, const RunMeter& meter)
    : context_(context),
      speaks_(speaks),
      plan_(plan),
      shape_(shape),
      record_(record),
      meter_(meter),
      sample_every_(std::max<uint64_t>(1, plan.end_steps / kSamplesPerRun)),
      seconds_before_(record.seconds),
      wait_before_(record.data_wait_seconds) {
  ++record_.attempts;
  if (record_.predicted_steps != plan_.end_steps) record_.predicted_seconds = 0;
  if (!speaks_) return;
  const RunEstimate estimate = EstimateRun(plan_, shape_, 0);
  Log("estimate: ", CountText(static_cast<double>(estimate.tokens)), " tokens, ", CountText(estimate.flops),
      " FLOPs, ", BytesText(estimate.memory_bytes), " of memory a rank, ",
      BytesText(estimate.checkpoint_bytes), " a checkpoint");
}

void RunReporter::CountStep(const StepCost& cost) {
  meter_.Count(cost);
  ++steps_taken_;
  if (speaks_ && record_.predicted_seconds == 0) Predict(absl::Now());
}

void RunReporter::Predict(absl::Time now) {
  if (measured_from_ == absl::InfiniteFuture() || meter_.tokens() < measured_tokens_) {
    measured_from_ = now;
    measured_tokens_ = meter_.tokens();
    return;
  }
  const double seconds = absl::ToDoubleSeconds(now - measured_from_);
  if (seconds < kMeasuredSeconds && steps_taken_ <= kMeasuredSteps) return;
  const double speed = static_cast<double>(meter_.tokens() - measured_tokens_) / std::max(1e-9, seconds);
  if (!(speed > 0)) return;
  record_.predicted_seconds = EstimateRun(plan_, shape_, speed).seconds;
  record_.predicted_steps = plan_.end_steps;
  Log("estimate: ", SecondsText(record_.predicted_seconds), " for the whole run, at ", CountText(speed),
      " tokens/s, the speed of its first steps");
}

void RunReporter::NoteTime() {
  record_.seconds = seconds_before_ + meter_.elapsed_seconds(absl::Now());
  record_.data_wait_seconds = wait_before_ + meter_.data_wait_seconds();
  record_.peak_memory_bytes = std::max(record_.peak_memory_bytes, PeakMemoryBytes());
}

void RunReporter::Report(const StepFigures& figures) {
  const bool spaced = figures.step % sample_every_ == 0 || figures.step == plan_.end_steps;
  if (!speaks_ || (!spaced && !figures.validation_loss)) return;
  const absl::Time now = absl::Now();
  Metrics metrics = {
      {"loss", figures.loss}, {"grad_norm", figures.gradient_norm}, {"learning_rate", figures.learning_rate}};
  const Metrics metered = meter_.Sample(now);
  metrics.insert(metrics.end(), metered.begin(), metered.end());
  if (skipped_ > 0) metrics.emplace_back("updates_skipped", static_cast<double>(skipped_));
  if (!record_.rewinds.empty()) metrics.emplace_back("rewinds", static_cast<double>(record_.rewinds.size()));
  if (figures.validation_loss) metrics.emplace_back("validation_loss", *figures.validation_loss);
  if (record_.best) metrics.emplace_back("best_validation_loss", record_.best->loss);
  context_.ReportSample(figures.step, metrics);
  const double rest = static_cast<double>(plan_.end_steps - figures.step);
  const double done = std::max(1.0, static_cast<double>(steps_taken_));
  context_.ReportProgress(figures.step, plan_.end_steps, "steps", meter_.elapsed_seconds(now) / done * rest);
  record_.AddPoint({figures.step, figures.loss, figures.gradient_norm, figures.learning_rate,
                    ValueOf(metered, "tokens_per_second"), ValueOf(metered, "model_flops_utilization"),
                    meter_.TakeStallSeconds()});
}

}  // namespace bonsai
