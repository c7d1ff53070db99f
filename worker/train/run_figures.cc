#include "worker/train/run_figures.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/train/figure_text.h"
#include "worker/train/run_estimate.h"

namespace bonsai {
namespace {

// The mean loss of the last steps.
constexpr size_t kFinalLossSteps = 20;

std::string LossText(double loss) { return std::isfinite(loss) ? absl::StrFormat("%.4f", loss) : "-"; }

std::string WholeText(uint64_t count) {
  if (count < 1000) return absl::StrCat(count);
  return absl::StrCat(WholeText(count / 1000), ",", absl::Dec(count % 1000, absl::kZeroPad3));
}

std::string ShareText(double part, double whole) {
  return whole > 0 ? absl::StrFormat("%.2f %%", 100 * part / whole) : "-";
}

double StallSeconds(const RunRecord& record) {
  double sum = 0;
  for (const RunRecord::Point& point : record.points) sum += point.checkpoint_stall_seconds;
  return sum;
}

// Weighed by the steps that each point stands for.
double MeanUtilization(const RunRecord& record) {
  double sum = 0, steps = 0;
  uint64_t before = 0;
  for (const RunRecord::Point& point : record.points) {
    const double weight = static_cast<double>(point.step - before);
    before = point.step;
    if (!std::isfinite(point.utilization)) continue;
    sum += point.utilization * weight;
    steps += weight;
  }
  return steps > 0 ? sum / steps : 0;
}

EstimateRow RowOf(const char* name, const char* key, double predicted, double actual,
                  const std::string& predicted_text, const std::string& actual_text) {
  return {name,
          key,
          predicted,
          actual,
          predicted > 0 ? predicted_text : "-",
          actual_text,
          predicted > 0 && actual > 0 ? predicted / actual : 0};
}

std::vector<EstimateRow> Estimates(const TrainOutcome& outcome, const RunEstimate& estimate) {
  const RunRecord& record = outcome.state.record;
  const double tokens = static_cast<double>(estimate.tokens), read = static_cast<double>(outcome.tokens);
  const double flops = read * TokenFlops(outcome.shape.config, static_cast<double>(outcome.shape.positions));
  return {
      RowOf("time", "seconds", record.predicted_seconds, record.seconds,
            SecondsText(record.predicted_seconds), SecondsText(record.seconds)),
      RowOf("memory of rank 0, at most", "memory_bytes", estimate.memory_bytes, record.peak_memory_bytes,
            BytesText(estimate.memory_bytes), BytesText(record.peak_memory_bytes)),
      RowOf("tokens", "tokens", tokens, read, CountText(tokens), CountText(read)),
      RowOf("FLOPs", "flops", estimate.flops, flops, CountText(estimate.flops), CountText(flops)),
  };
}

}  // namespace

double FinalLoss(absl::Span<const float> losses) {
  double sum = 0, count = 0;
  for (const float loss : losses.last(std::min(kFinalLossSteps, losses.size()))) {
    if (std::isnan(loss)) continue;
    sum += loss;
    ++count;
  }
  return losses.empty() ? 0 : sum / count;
}

RunFigures FiguresOf(const TrainOutcome& outcome, const TrainingPlan& plan) {
  const RunRecord& record = outcome.state.record;
  const RunShape& shape = outcome.shape;
  const edge::ModelConfig& config = shape.config;
  const uint64_t steps = outcome.state.step;
  const double tokens = static_cast<double>(outcome.tokens);
  const auto skipped = std::count_if(outcome.state.losses.begin(), outcome.state.losses.end(),
                                     [](float loss) { return std::isnan(loss); });
  RunFigures figures;
  figures.summary =
      absl::StrCat(plan.kind == "sft" ? "Fine-tuning" : "Pretraining", " of ",
                   CountText(static_cast<double>(shape.parameters)), " parameters on ", CountText(tokens),
                   " tokens, in ", WholeText(steps), " steps of ", plan.batch_sequences, " rows, with ",
                   shape.ranks, shape.ranks == 1 ? " rank of " : " ranks of ", shape.threads,
                   shape.threads == 1 ? " thread." : " threads.");
  if (outcome.model_step != steps) {
    absl::StrAppend(&figures.summary, " The model is that of step ", WholeText(outcome.model_step),
                    ", whose validation loss was the lowest.");
  }
  figures.heads = {{"Training loss, at the end", LossText(FinalLoss(outcome.state.losses))}};
  if (outcome.validation_loss) {
    figures.heads.push_back({"Validation loss of the model", LossText(*outcome.validation_loss)});
  }
  figures.heads.push_back({"Time", SecondsText(record.seconds)});
  figures.heads.push_back({"Tokens per second", CountText(record.seconds > 0 ? tokens / record.seconds : 0)});
  figures.heads.push_back({"Utilization", absl::StrFormat("%.1f %%", 100 * MeanUtilization(record))});
  const double stalls = StallSeconds(record);
  figures.run = {
      {"Steps", WholeText(steps)},
      {"Tokens read", WholeText(outcome.tokens)},
      {"Attempts", absl::StrCat(record.attempts)},
      {"Updates left out", absl::StrCat(skipped)},
      {"Times gone back", absl::StrCat(record.rewinds.size())},
      {"Checkpoint stalls",
       absl::StrCat(absl::StrFormat("%.3f s, ", stalls), ShareText(stalls, record.seconds))},
      {"Waited for data", ShareText(record.data_wait_seconds, record.seconds)},
      {"Peak memory of rank 0", BytesText(record.peak_memory_bytes)},
      {"Precision of products", v1::Precision_Name(plan.precision)},
  };
  figures.model = {
      {"Step of the model", WholeText(outcome.model_step)},
      {"Parameters", WholeText(static_cast<uint64_t>(shape.parameters))},
      {"Layers", absl::StrCat(config.layers)},
      {"Width", absl::StrCat(config.dim)},
      {"Heads, of keys", absl::StrCat(config.heads, ", ", config.kv_heads)},
      {"Hidden width", absl::StrCat(config.hidden_dim)},
      {"Vocabulary", WholeText(static_cast<uint64_t>(config.vocab_size))},
      {"Positions of a row", WholeText(static_cast<uint64_t>(shape.positions))},
  };
  figures.estimate = Estimates(outcome, EstimateRun(plan, shape, 0));
  figures.footnote = absl::StrCat(
      "Losses are means over the predicted tokens, in nats; the training loss at the end is the mean of the "
      "last ",
      kFinalLossSteps,
      " steps. The time is that of all attempts, validation and checkpoints included. Utilization is of what "
      "the processors' matrix products reach when measured alone. The time was estimated from the speed of "
      "the "
      "first steps, the rest before them.");
  return figures;
}

}  // namespace bonsai
