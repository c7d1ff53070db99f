#include "worker/train/training_report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"
#include "worker/train/model_files.h"

namespace bonsai {
namespace {

constexpr uint64_t kReportPoints = 1000;
constexpr size_t kFinalLossSteps = 20;

// Without the steps whose update was left out; NaN if none remains.
double Mean(absl::Span<const float> losses) {
  double sum = 0, count = 0;
  for (const float loss : losses) {
    if (std::isnan(loss)) continue;
    sum += loss;
    ++count;
  }
  return sum / count;
}

}  // namespace

double FinalLoss(absl::Span<const float> losses) {
  if (losses.empty()) return 0;
  return Mean(losses.last(std::min(kFinalLossSteps, losses.size())));
}

std::string WriteTrainingReport(const TrainOutcome& outcome, const TrainingPlan& plan) {
  const absl::Span<const float> losses = outcome.state.losses;
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("kind").String(plan.kind);
  json.Key("steps").Integer(static_cast<int64_t>(outcome.state.step));
  json.Key("tokens_seen").Integer(static_cast<int64_t>(outcome.tokens));
  json.Key("final_loss").Number(FinalLoss(losses));
  if (outcome.validation_loss) json.Key("validation_loss").Number(*outcome.validation_loss);
  const uint64_t stride = (losses.size() + kReportPoints - 1) / kReportPoints;
  const auto skipped =
      std::count_if(losses.begin(), losses.end(), [](float loss) { return std::isnan(loss); });
  json.Key("updates_skipped").Integer(skipped);
  json.Key("steps_per_point").Integer(static_cast<int64_t>(stride));
  json.Key("loss").BeginArray();
  for (size_t first = 0; first < losses.size(); first += stride) {
    const double mean = Mean(losses.subspan(first, stride));
    std::isnan(mean) ? json.Null() : json.Number(mean);
  }
  json.EndArray();
  json.EndObject();
  return json.text() + "\n";
}

void AddTrainingProperties(const TrainOutcome& outcome, v1::Manifest& manifest) {
  AddProperty("steps", absl::StrCat(outcome.state.step), manifest);
  AddProperty("tokens_seen", absl::StrCat(outcome.tokens), manifest);
  AddProperty("final_loss", absl::StrCat(FinalLoss(outcome.state.losses)), manifest);
  if (outcome.validation_loss) {
    AddProperty("validation_loss", absl::StrCat(*outcome.validation_loss), manifest);
  }
}

}  // namespace bonsai
