#include "worker/train/training_run.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "edge_runtime/model/json.h"
#include "storage/digest.h"
#include "worker/train/adamw.h"
#include "worker/train/checkpoint_writer.h"
#include "worker/train/learning_rate.h"
#include "worker/train/llama_step.h"

namespace bonsai {
namespace {

constexpr uint64_t kReportPoints = 1000;
constexpr uint64_t kSamplesPerRun = 1000;
constexpr size_t kFinalLossSteps = 20;
// The agent asks all ranks of an attempt to leave, but not in the same instant.
constexpr absl::Duration kStopSpread = absl::Seconds(30);

template <typename... Parts>
void Log(const Parts&... parts) {
  std::fprintf(stderr, "%s\n", absl::StrCat(parts...).c_str());
}

absl::Status NotFinite(absl::string_view what, double value, uint64_t step, float learning_rate,
                       absl::string_view kind) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the ", what, " is ", value, " at step ", step + 1, " (learning rate ", learning_rate, "): a lower ",
      kind, ".optimizer.learning_rate, a longer warm-up or a smaller clip_norm would be valid"));
}

class TrainingRun {
 public:
  TrainingRun(RunnerContext& context, RankGroup& group, const ParameterLayout& layout,
              const TrainingPlan& plan, BatchSource& source)
      : context_(context),
        group_(group),
        layout_(layout),
        plan_(plan),
        source_(source),
        kernels_(SelectKernels()),
        step_(CreateParallelStep(
            layout, kernels_, std::max<int>(1, static_cast<int>(context.task().spec().resources().cpus())))),
        adamw_(layout, kernels_, plan.optimizer),
        writer_(context, plan.fingerprint),
        gradient_(layout.size()),
        rows_(plan.batch_sequences / group.ranks()),
        sample_every_(std::max<uint64_t>(1, plan.steps / kSamplesPerRun)) {}

  absl::StatusOr<TrainState> Run(std::vector<float> initial) {
    if (absl::Status status = Resume(std::move(initial)); !status.ok()) return status;
    for (uint64_t step = 0; step < state_.step; ++step) tokens_ += source_.SizeOf(step).tokens;
    begun_ = sampled_ = absl::Now();
    first_step_ = sampled_step_ = state_.step;
    sampled_tokens_ = tokens_;
    while (state_.step < plan_.steps) {
      bool stop = false;
      if (absl::Status status = TakeStep(&stop); !status.ok()) return status;
      if (state_.step < plan_.steps) {
        if (stop) return Leave();
        if (plan_.checkpoint_every_steps > 0 && state_.step % plan_.checkpoint_every_steps == 0)
          BeginCheckpoint();
      }
    }
    (void)writer_.Finish();  // its failure is logged, and the model is worth more than a checkpoint
    return std::move(state_);
  }

 private:
  // Rank 0 chooses, the others follow.
  absl::Status Resume(std::vector<float> initial) {
    std::string chosen;
    const uint64_t parameters = static_cast<uint64_t>(layout_.size());
    if (group_.rank() == 0) {
      for (const v1::Checkpoint& checkpoint : context_.task().resume()) {
        absl::StatusOr<TrainState> state =
            LoadCheckpoint(context_, checkpoint.manifest_id(), plan_.fingerprint, parameters);
        if (state.ok() && state->step < plan_.steps) {
          chosen = checkpoint.manifest_id();
          state_ = *std::move(state);
          break;
        }
        Log("checkpoint of step ", checkpoint.step(), " (", checkpoint.manifest_id().substr(0, 12),
            ") skipped: ",
            state.ok() ? absl::StrCat("it has all ", state->step, " steps")
                       : std::string(state.status().message()));
      }
    }
    const absl::StatusOr<std::string> agreed =
        group_.FromRankZero("resume", absl::StrCat("checkpoint ", chosen));
    if (!agreed.ok()) return agreed.status();
    if (group_.rank() != 0) chosen = agreed->substr(std::string("checkpoint ").size());
    if (chosen.empty()) {
      state_.parameters = std::move(initial);
      return absl::OkStatus();
    }
    if (group_.rank() != 0) {
      absl::StatusOr<TrainState> state = LoadCheckpoint(context_, chosen, plan_.fingerprint, parameters);
      // Rank 0 could read it, so another try may succeed: not a bad input.
      if (!state.ok()) {
        return absl::UnavailableError(absl::StrCat("checkpoint ", chosen, ": ", state.status().message()));
      }
      state_ = *std::move(state);
    }
    std::copy(state_.moment1.begin(), state_.moment1.end(), adamw_.moment1().begin());
    std::copy(state_.moment2.begin(), state_.moment2.end(), adamw_.moment2().begin());
    if (group_.rank() == 0) Log("resumed at step ", state_.step, " from checkpoint ", chosen.substr(0, 12));
    return absl::OkStatus();
  }

  absl::Status TakeStep(bool* stop) {
    const uint64_t step = state_.step;
    const BatchSource::Size size = source_.SizeOf(step);
    if (absl::Status status = source_.Fill(step, group_.rank() * rows_, rows_, &buffer_); !status.ok())
      return status;
    std::fill(gradient_.begin(), gradient_.end(), 0.0f);
    const float scale = 1.0f / static_cast<float>(size.targets);
    double totals[2] = {
        step_->AddGradient(buffer_.View(), state_.parameters, scale, absl::MakeSpan(gradient_)),
        context_.StopRequested() ? 1.0 : 0.0,
    };
    if (absl::Status status = group_.Sum(absl::MakeSpan(gradient_)); !status.ok()) return status;
    if (absl::Status status = group_.Sum(absl::MakeSpan(totals)); !status.ok()) return status;
    const double loss = totals[0] / static_cast<double>(size.targets);
    *stop = totals[1] > 0;
    const float rate = LearningRate(plan_.schedule, plan_.optimizer.learning_rate(), step, plan_.steps);
    if (!std::isfinite(loss)) return NotFinite("loss", loss, step, rate, plan_.kind);
    const double norm = adamw_.Apply(step + 1, rate, gradient_, absl::MakeSpan(state_.parameters));
    if (!std::isfinite(norm)) return NotFinite("gradient's norm", norm, step, rate, plan_.kind);
    state_.losses.push_back(static_cast<float>(loss));
    ++state_.step;
    tokens_ += size.tokens;
    Report(loss, norm, rate);
    return absl::OkStatus();
  }

  void Report(double loss, double norm, float rate) {
    const bool last = state_.step == plan_.steps;
    if (group_.rank() != 0 || (state_.step % sample_every_ != 0 && !last)) return;
    const absl::Time now = absl::Now();
    const double seconds = std::max(1e-9, absl::ToDoubleSeconds(now - sampled_));
    context_.ReportSample(state_.step,
                          {{"loss", loss},
                           {"grad_norm", norm},
                           {"learning_rate", rate},
                           {"tokens_per_second", static_cast<double>(tokens_ - sampled_tokens_) / seconds},
                           {"tokens", static_cast<double>(tokens_)},
                           {"checkpoint_stall_seconds", stall_seconds_}});
    const double rest = static_cast<double>(plan_.steps - state_.step);
    const double done = static_cast<double>(state_.step - first_step_);
    context_.ReportProgress(state_.step, plan_.steps, "steps",
                            absl::ToDoubleSeconds(now - begun_) / done * rest);
    sampled_ = now;
    sampled_tokens_ = tokens_;
  }

  void BeginCheckpoint() {
    if (group_.rank() != 0) return;
    const absl::Span<const float> moment1 = adamw_.moment1(), moment2 = adamw_.moment2();
    state_.moment1.assign(moment1.begin(), moment1.end());
    state_.moment2.assign(moment2.begin(), moment2.end());
    stall_seconds_ += writer_.Begin(state_);
  }

  absl::Status Leave() {
    BeginCheckpoint();
    if (absl::Status status = writer_.Finish(); !status.ok()) return status;
    // One rank was asked; the others are about to be, and leave as asked.
    const absl::Time patience = absl::Now() + kStopSpread;
    while (!context_.StopRequested() && absl::Now() < patience) absl::SleepFor(absl::Milliseconds(10));
    return absl::CancelledError(absl::StrCat("left after step ", state_.step, " of ", plan_.steps));
  }

  RunnerContext& context_;
  RankGroup& group_;
  const ParameterLayout& layout_;
  const TrainingPlan& plan_;
  BatchSource& source_;
  const Kernels& kernels_;
  const std::unique_ptr<TrainStep> step_;
  Adamw adamw_;
  TrainState state_;  // its moments are copies, made for checkpoints
  CheckpointWriter writer_;
  std::vector<float> gradient_;
  RowBuffer buffer_;
  const int64_t rows_;  // of this rank in a step
  const uint64_t sample_every_;

  uint64_t tokens_ = 0;
  double stall_seconds_ = 0;
  absl::Time begun_, sampled_;
  uint64_t first_step_ = 0, sampled_step_ = 0, sampled_tokens_ = 0;
};

}  // namespace

absl::Status ValidatePlan(const TrainingPlan& plan, uint32_t ranks) {
  if (plan.steps == 0)
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".steps is 0; valid: 1 or more"));
  if (plan.batch_sequences == 0 || plan.batch_sequences % std::max(1u, ranks) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".batch_sequences is ", plan.batch_sequences,
                                                   "; valid: a multiple of the number of ranks, ", ranks));
  }
  if (absl::Status status = ValidateOptimizer(plan.optimizer, plan.kind); !status.ok()) return status;
  return ValidateSchedule(plan.schedule, plan.steps, plan.kind);
}

std::string FingerprintOf(const v1::Task& task) {
  std::string text;
  v1::JobSpec spec = task.spec();
  // Where and how often it runs changes rounding at most, not the run.
  spec.clear_name();
  spec.clear_resources();
  spec.clear_max_attempts();
  google::protobuf::TextFormat::PrintToString(spec, &text);
  for (const v1::ResolvedInput& input : task.inputs()) {
    absl::StrAppend(&text, input.field(), " ", input.artifact_id(), "\n");
  }
  return Sha256Hex(text);
}

absl::StatusOr<TrainState> TrainModel(RunnerContext& context, RankGroup& group, const ParameterLayout& layout,
                                      const TrainingPlan& plan, BatchSource& source,
                                      std::vector<float> initial) {
  return TrainingRun(context, group, layout, plan, source).Run(std::move(initial));
}

std::string WriteTrainingReport(const TrainState& state, uint64_t tokens, const TrainingPlan& plan) {
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("kind").String(plan.kind);
  json.Key("steps").Integer(static_cast<int64_t>(state.step));
  json.Key("tokens_seen").Integer(static_cast<int64_t>(tokens));
  json.Key("final_loss").Number(FinalLoss(state));
  const uint64_t stride = (state.losses.size() + kReportPoints - 1) / kReportPoints;
  json.Key("steps_per_point").Integer(static_cast<int64_t>(stride));
  json.Key("loss").BeginArray();
  for (size_t first = 0; first < state.losses.size(); first += stride) {
    const size_t end = std::min(state.losses.size(), first + stride);
    double sum = 0;
    for (size_t i = first; i < end; ++i) sum += state.losses[i];
    json.Number(sum / static_cast<double>(end - first));
  }
  json.EndArray();
  json.EndObject();
  return json.text() + "\n";
}

double FinalLoss(const TrainState& state) {
  const size_t count = std::min(kFinalLossSteps, state.losses.size());
  double sum = 0;
  for (size_t i = state.losses.size() - count; i < state.losses.size(); ++i) sum += state.losses[i];
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace bonsai
