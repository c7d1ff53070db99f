#include "worker/train/training_report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/json.h"
#include "worker/train/model_files.h"
#include "worker/train/report_page.h"
#include "worker/train/run_figures.h"

namespace bonsai {
namespace {

constexpr uint64_t kReportPoints = 1000;

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

int64_t Whole(uint64_t value) { return static_cast<int64_t>(value); }

void WriteValidations(const TrainOutcome& outcome, edge::JsonWriter& json) {
  if (outcome.validation_loss) json.Key("validation_loss").Number(*outcome.validation_loss);
  if (outcome.state.record.validations.empty()) return;
  json.Key("validations").BeginArray();
  for (const RunRecord::Validation& v : outcome.state.record.validations) {
    json.BeginArray().Integer(Whole(v.step)).Number(v.loss).EndArray();
  }
  json.EndArray();
}

void WriteRewinds(const TrainOutcome& outcome, edge::JsonWriter& json) {
  json.Key("rewinds").BeginArray();
  for (const Rewind& rewind : outcome.state.record.rewinds) {
    json.BeginObject();
    json.Key("from").Integer(Whole(rewind.from));
    json.Key("to").Integer(Whole(rewind.to));
    json.EndObject();
  }
  json.EndArray();
}

void WriteEstimate(const TrainOutcome& outcome, const TrainingPlan& plan, edge::JsonWriter& json) {
  json.Key("estimate").BeginObject();
  for (const EstimateRow& row : FiguresOf(outcome, plan).estimate) {
    json.Key(row.key).BeginObject();
    row.predicted_value > 0 ? json.Key("predicted").Number(row.predicted_value)
                            : json.Key("predicted").Null();
    json.Key("actual").Number(row.actual_value);
    row.ratio > 0 ? json.Key("ratio").Number(row.ratio) : json.Key("ratio").Null();
    json.EndObject();
  }
  json.EndObject();
}

}  // namespace

std::string WriteTrainingReport(const TrainOutcome& outcome, const TrainingPlan& plan) {
  const absl::Span<const float> losses = outcome.state.losses;
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("kind").String(plan.kind);
  json.Key("steps").Integer(Whole(outcome.state.step));
  json.Key("model_step").Integer(Whole(outcome.model_step));
  json.Key("tokens_seen").Integer(Whole(outcome.tokens));
  json.Key("final_loss").Number(FinalLoss(losses));
  WriteValidations(outcome, json);
  const uint64_t stride = (losses.size() + kReportPoints - 1) / kReportPoints;
  const auto skipped =
      std::count_if(losses.begin(), losses.end(), [](float loss) { return std::isnan(loss); });
  json.Key("updates_skipped").Integer(skipped);
  WriteRewinds(outcome, json);
  json.Key("steps_per_point").Integer(Whole(stride));
  json.Key("loss").BeginArray();
  for (size_t first = 0; first < losses.size(); first += stride) {
    const double mean = Mean(losses.subspan(first, stride));
    std::isnan(mean) ? json.Null() : json.Number(mean);
  }
  json.EndArray();
  json.EndObject();
  return json.text() + "\n";
}

std::string WriteCostReport(const TrainOutcome& outcome, const TrainingPlan& plan) {
  const RunRecord& record = outcome.state.record;
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("attempts").Integer(record.attempts);
  json.Key("seconds").Number(record.seconds);
  json.Key("data_wait_seconds").Number(record.data_wait_seconds);
  json.Key("peak_memory_bytes").Number(record.peak_memory_bytes);
  WriteEstimate(outcome, plan, json);
  json.EndObject();
  return json.text() + "\n";
}

absl::Status AddTrainingReport(RunnerContext& context, const TrainOutcome& outcome, const TrainingPlan& plan,
                               v1::Manifest& manifest) {
  const std::string page = RenderReportPage(context.task().job_id(), outcome, plan);
  for (const auto& [path, text] :
       {std::pair{"report.json", WriteTrainingReport(outcome, plan)},
        std::pair{"cost.json", WriteCostReport(outcome, plan)}, std::pair{"report.html", page}}) {
    if (absl::Status status = AddBytes(context, text, path, manifest); !status.ok()) return status;
  }
  AddProperty("steps", absl::StrCat(outcome.state.step), manifest);
  AddProperty("model_step", absl::StrCat(outcome.model_step), manifest);
  AddProperty("tokens_seen", absl::StrCat(outcome.tokens), manifest);
  AddProperty("final_loss", absl::StrCat(FinalLoss(outcome.state.losses)), manifest);
  if (outcome.validation_loss) {
    AddProperty("validation_loss", absl::StrCat(*outcome.validation_loss), manifest);
  }
  return absl::OkStatus();
}

}  // namespace bonsai
