#include "worker/train/pipeline_estimate.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "edge_runtime/model/json.h"
#include "worker/train/figure_text.h"
#include "worker/train/low_rank_model.h"
#include "worker/train/pretrain.h"

namespace bonsai {
namespace {

// A pretrain job's default number of held-out rows (spec.proto).
constexpr int64_t kValidationRows = 64;

// The job of the pipeline that a spec field names ("@pretrain"), or null.
const v1::JobSpec* JobOf(const v1::Pipeline& pipeline, absl::string_view reference) {
  if (!absl::ConsumePrefix(&reference, "@")) return nullptr;
  for (const v1::JobSpec& job : pipeline.jobs()) {
    if (job.name() == reference) return &job;
  }
  return nullptr;
}

// The shape of the model that a pretrain job makes.
absl::StatusOr<ParameterLayout> LayoutFor(const v1::Pipeline& pipeline, const v1::PretrainSpec& spec,
                                          uint32_t vocab_size) {
  const v1::JobSpec* tokenizer = JobOf(pipeline, spec.tokenizer());
  if (tokenizer != nullptr && tokenizer->has_tokenizer()) vocab_size = tokenizer->tokenizer().vocab_size();
  if (vocab_size == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("pretrain.tokenizer is \"", spec.tokenizer(),
                     "\", which no job of the pipeline makes; valid: with --vocab-size"));
  }
  return PretrainLayout(spec.model(), static_cast<int32_t>(vocab_size), 1, 2);
}

struct Work {
  ParameterLayout layout;
  TrainingPlan plan;
  RunShape shape;
};

absl::StatusOr<Work> WorkOf(const v1::Pipeline& pipeline, const v1::JobSpec& job, uint32_t vocab_size) {
  // A sweep changes what is estimated from, and how often it runs.
  for (const v1::JobSpec* one : {&job, JobOf(pipeline, job.sft().model())}) {
    for (const v1::Sweep& sweep : pipeline.sweeps()) {
      if (one == nullptr || sweep.job() != one->name()) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "a sweep varies ", one == &job ? "it" : job.sft().model(), "; valid: a job without one"));
    }
  }
  const v1::JobSpec* source = job.has_pretrain() ? &job : JobOf(pipeline, job.sft().model());
  if (source == nullptr || !source->has_pretrain()) {
    return absl::InvalidArgumentError(
        absl::StrCat("sft.model is \"", job.sft().model(),
                     "\"; an estimate needs one that a pretrain job of the pipeline makes"));
  }
  absl::StatusOr<ParameterLayout> layout = LayoutFor(pipeline, source->pretrain(), vocab_size);
  if (!layout.ok()) return layout.status();
  v1::Task task;
  *task.mutable_spec() = job;
  task.set_ranks(std::max(1u, job.resources().ranks()));
  absl::StatusOr<TrainingPlan> plan = PlanOf(task);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<uint32_t> positions =
      PositionsOf(*plan, source->pretrain().model().max_seq_len(), "model.max_seq_len");
  if (!positions.ok()) return positions.status();
  RunShape shape;
  shape.config = layout->config();
  shape.parameters = layout->size();
  if (job.sft().has_lora()) {
    shape.trained_parameters = LowRankModel::AdapterLayout(*layout, job.sft().lora().rank()).size();
  }
  shape.positions = *positions;
  shape.ranks = static_cast<int>(task.ranks());
  shape.threads = std::max(1, static_cast<int>(job.resources().cpus()));
  if (job.pretrain().has_validation()) {
    const uint32_t asked = job.pretrain().validation().sequences();
    shape.validation_rows = asked == 0 ? kValidationRows : int64_t{asked};
  }
  return Work{*std::move(layout), *std::move(plan), std::move(shape)};
}

JobEstimate EstimateJob(const Work& work, const EstimateQuestion& question, const MeasureSpeed& measure) {
  JobEstimate estimate;
  estimate.shape = work.shape;
  if (question.tokens_per_second > 0) {
    estimate.tokens_per_second = question.tokens_per_second;
    estimate.speed_from = "given";
  } else if (question.flops > 0) {
    estimate.tokens_per_second =
        question.flops / TokenFlops(work.shape.config, static_cast<double>(work.shape.positions));
    estimate.speed_from = absl::StrCat("of ", CountText(question.flops), "FLOP/s, given");
  } else {
    MeasuredSpeed speed = measure(work.layout, work.plan, work.shape);
    estimate.tokens_per_second = speed.tokens_per_second;
    estimate.speed_from = std::move(speed.how);
  }
  estimate.run = EstimateRun(work.plan, work.shape, estimate.tokens_per_second);
  estimate.cost = estimate.run.seconds / 3600 * question.price_per_hour;
  return estimate;
}

double SecondsOf(const std::vector<JobEstimate>& jobs) {
  double seconds = 0;
  for (const JobEstimate& job : jobs) seconds += job.run.seconds;
  return seconds;
}

double CostOf(const std::vector<JobEstimate>& jobs) {
  double cost = 0;
  for (const JobEstimate& job : jobs) cost += job.cost;
  return cost;
}

bool AnyAtMost(const std::vector<JobEstimate>& jobs) {
  return std::any_of(jobs.begin(), jobs.end(), [](const JobEstimate& job) { return job.at_most; });
}

std::string MoneyText(double cost) { return absl::StrFormat("%.*f", cost < 1 ? 4 : 2, cost); }

void AppendLine(const char* name, const std::string& value, std::string& text) {
  absl::StrAppendFormat(&text, "  %-12s %s\n", name, value);
}

}  // namespace

absl::StatusOr<std::vector<JobEstimate>> EstimatePipeline(const v1::Pipeline& pipeline,
                                                          const EstimateQuestion& question,
                                                          const MeasureSpeed& measure) {
  std::vector<JobEstimate> estimates;
  for (const v1::JobSpec& job : pipeline.jobs()) {
    if (!job.has_pretrain() && !job.has_sft()) continue;
    const absl::StatusOr<Work> work = WorkOf(pipeline, job, question.vocab_size);
    JobEstimate estimate;
    if (work.ok()) {
      estimate = EstimateJob(*work, question, measure);
      estimate.at_most = job.has_sft();
    } else {
      estimate.error = std::string(work.status().message());
    }
    estimate.job = job.name();
    estimates.push_back(std::move(estimate));
  }
  if (!estimates.empty()) return estimates;
  return absl::InvalidArgumentError("the pipeline has no job that trains; valid: a pretrain or an sft job");
}

std::string EstimateText(const std::vector<JobEstimate>& jobs) {
  std::string text;
  for (const JobEstimate& job : jobs) {
    absl::StrAppend(&text, job.job, "\n");
    if (!job.error.empty()) {
      absl::StrAppend(&text, "  no estimate: ", job.error, "\n\n");
      continue;
    }
    const RunEstimate& run = job.run;
    const std::string held_out = CountText(static_cast<double>(run.validation_tokens));
    const char* bound = job.at_most ? "at most " : "";
    AppendLine("time", bound + SecondsText(run.seconds), text);
    AppendLine("speed", absl::StrCat(CountText(job.tokens_per_second), " tokens/s (", job.speed_from, ")"),
               text);
    AppendLine("parameters", CountText(static_cast<double>(job.shape.parameters)), text);
    AppendLine("tokens",
               absl::StrCat(bound, CountText(static_cast<double>(run.tokens)),
                            run.validation_tokens > 0 ? absl::StrCat(", and ", held_out, " held out") : ""),
               text);
    AppendLine("FLOPs", bound + CountText(run.flops), text);
    AppendLine("memory",
               absl::StrCat(BytesText(run.memory_bytes), " a rank, at most, of ", job.shape.ranks,
                            job.shape.ranks == 1 ? " rank" : " ranks"),
               text);
    AppendLine("checkpoint", BytesText(run.checkpoint_bytes), text);
    if (job.cost > 0) AppendLine("cost", bound + MoneyText(job.cost), text);
    absl::StrAppend(&text, "\n");
  }
  const char* bound = AnyAtMost(jobs) ? "at most " : "";
  absl::StrAppend(&text, "together: ", bound, SecondsText(SecondsOf(jobs)), " of training");
  if (CostOf(jobs) > 0) absl::StrAppend(&text, ", ", bound, MoneyText(CostOf(jobs)));
  return absl::StrCat(text, "\n");
}

std::string EstimateJson(const std::vector<JobEstimate>& jobs) {
  edge::JsonWriter json;
  json.BeginObject();
  json.Key("jobs").BeginArray();
  for (const JobEstimate& job : jobs) {
    json.BeginObject();
    json.Key("job").String(job.job);
    if (!job.error.empty()) {
      json.Key("error").String(job.error).EndObject();
      continue;
    }
    json.Key("seconds").Number(job.run.seconds);
    json.Key("tokens_per_second").Number(job.tokens_per_second);
    json.Key("speed_from").String(job.speed_from);
    json.Key("parameters").Integer(job.shape.parameters);
    json.Key("tokens").Integer(static_cast<int64_t>(job.run.tokens));
    json.Key("validation_tokens").Integer(static_cast<int64_t>(job.run.validation_tokens));
    json.Key("flops").Number(job.run.flops);
    json.Key("ranks").Integer(job.shape.ranks);
    json.Key("memory_bytes_per_rank").Number(job.run.memory_bytes);
    json.Key("checkpoint_bytes").Number(job.run.checkpoint_bytes);
    if (job.cost > 0) json.Key("cost").Number(job.cost);
    if (job.at_most) json.Key("at_most").Bool(true);
    json.EndObject();
  }
  json.EndArray();
  json.Key("seconds").Number(SecondsOf(jobs));
  if (CostOf(jobs) > 0) json.Key("cost").Number(CostOf(jobs));
  if (AnyAtMost(jobs)) json.Key("at_most").Bool(true);
  json.EndObject();
  return json.text() + "\n";
}

}  // namespace bonsai
