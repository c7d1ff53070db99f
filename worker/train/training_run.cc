#include "worker/train/training_run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "worker/train/batch_gradient.h"
#include "worker/train/checkpoint_writer.h"
#include "worker/train/learning_rate.h"
#include "worker/train/loss_guard.h"
#include "worker/train/run_meter.h"
#include "worker/train/sharded_optimizer.h"

namespace bonsai {
namespace {

constexpr uint64_t kSamplesPerRun = 1000;
// The agent asks all ranks of an attempt to leave, but not in the same instant.
constexpr absl::Duration kStopSpread = absl::Seconds(30);

template <typename... Parts>
void Log(const Parts&... parts) {
  std::fprintf(stderr, "%s\n", absl::StrCat(parts...).c_str());
}

int ThreadsOf(const RunnerContext& context) {
  return std::max<int>(1, static_cast<int>(context.task().spec().resources().cpus()));
}

class TrainingRun {
 public:
  TrainingRun(RunnerContext& context, RankGroup& group, const ParameterLayout& layout,
              const TrainingPlan& plan, const RunSources& sources, LowRankModel* low_rank)
      : context_(context),
        group_(group),
        layout_(layout),
        plan_(plan),
        sources_(sources),
        model_layout_(low_rank == nullptr ? layout : low_rank->model_layout()),
        optimizer_(group, layout, plan, ThreadsOf(context)),
        batch_gradient_(group, layout, plan, ThreadsOf(context), optimizer_.shards(), low_rank),
        guard_(plan.guard),
        writer_(context, group, plan.fingerprint, static_cast<uint64_t>(layout.size()), kRankTimeout,
                OneWrites() ? std::vector<OwnedRange>() : optimizer_.shards()->ranges()),
        gradient_(layout.size()),
        sample_every_(std::max<uint64_t>(1, plan.end_steps / kSamplesPerRun)) {
    if (plan.checkpoint_every_steps > 0) writer_.Reserve();
  }

  absl::StatusOr<TrainOutcome> Run(std::vector<float> initial) {
    if (absl::Status status = Resume(std::move(initial)); !status.ok()) return status;
    batch_gradient_.Load(state_.parameters);
    uint64_t tokens = 0;
    for (uint64_t step = 0; step < state_.step; ++step) tokens += sources_.training.SizeOf(step).tokens;
    const double peak = MeasurePeakFlops(plan_.precision, ThreadsOf(context_)) * group_.ranks();
    meter_.emplace(model_layout_, peak, tokens, absl::Now());
    first_step_ = state_.step;
    if (state_.step == plan_.end_steps) {
      if (absl::Status status = Revisit(); !status.ok()) return status;
    }
    while (state_.step < plan_.end_steps) {
      bool stop = false;
      if (absl::Status status = TakeStep(&stop); !status.ok()) return status;
      const bool ended = state_.step == plan_.end_steps;
      if (ended || (AtCheckpoint() && !stop)) {
        if (absl::Status status = Validate(); !status.ok()) return status;
      }
      Report();
      if (stop && !ended) return Leave();
      if (!AtCheckpoint()) continue;
      if (absl::Status status = BeginCheckpoint(); !status.ok()) return status;
    }
    return End();
  }

 private:
  // Rank 0 chooses, the others follow.
  absl::Status Resume(std::vector<float> initial) {
    std::string chosen = group_.rank() == 0 ? ChooseCheckpoint() : "";
    const absl::StatusOr<std::string> agreed =
        group_.FromRankZero("resume", absl::StrCat("checkpoint ", chosen));
    if (!agreed.ok()) return agreed.status();
    if (group_.rank() != 0) chosen = agreed->substr(std::string("checkpoint ").size());
    if (chosen.empty()) {
      state_.parameters = std::move(initial);
      return absl::OkStatus();
    }
    if (group_.rank() != 0) {
      absl::StatusOr<TrainState> state = Load(chosen);
      // Rank 0 could read it, so another try may succeed: not a bad input.
      if (!state.ok()) {
        return absl::UnavailableError(absl::StrCat("checkpoint ", chosen, ": ", state.status().message()));
      }
      state_ = *std::move(state);
    }
    optimizer_.Restore(std::exchange(state_.moment1, {}), std::exchange(state_.moment2, {}));
    if (group_.rank() == 0) {
      Log("resumed at step ", state_.step, " with ", group_.ranks(), " ranks from checkpoint ",
          chosen.substr(0, 12));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<TrainState> Load(const std::string& manifest_id) {
    return LoadCheckpoint(context_, manifest_id, plan_.fingerprint, static_cast<uint64_t>(layout_.size()),
                          optimizer_.share());
  }

  // Loads the newest one that can be read; "" if there is none.
  std::string ChooseCheckpoint() {
    for (const v1::Checkpoint& checkpoint : context_.task().resume()) {
      absl::StatusOr<TrainState> state = Load(checkpoint.manifest_id());
      // One of the last step is left by an attempt that died before it published the model.
      if (state.ok() && state->step <= plan_.end_steps) {
        state_ = *std::move(state);
        return checkpoint.manifest_id();
      }
      Log("checkpoint of step ", checkpoint.step(), " (", checkpoint.manifest_id().substr(0, 12),
          ") skipped: ",
          state.ok() ? absl::StrCat("it has ", state->step, " steps; this run ends after ", plan_.end_steps)
                     : std::string(state.status().message()));
    }
    return "";
  }

  absl::Status TakeStep(bool* stop) {
    const uint64_t step = state_.step;
    const BatchSource::Size size = sources_.training.SizeOf(step);
    const absl::StatusOr<double> loss =
        batch_gradient_.Compute(sources_.training, step, absl::MakeSpan(gradient_));
    if (!loss.ok()) return loss.status();
    loss_ = *loss;
    // How many were asked to leave, and how long each rank's checkpoint kept it since the last step.
    totals_.assign(1 + static_cast<size_t>(group_.ranks()), 0.0);
    totals_[0] = context_.StopRequested() ? 1.0 : 0.0;
    totals_[1 + static_cast<size_t>(group_.rank())] = std::exchange(stall_, 0.0);
    if (absl::Status status = group_.Sum(absl::MakeSpan(totals_)); !status.ok()) return status;
    *stop = totals_[0] > 0;
    // The ranks wait for each other, so the one that was kept longest kept all of them.
    const double stall = *std::max_element(totals_.begin() + 1, totals_.end());
    if (absl::Status status = Update(); !status.ok()) return status;
    ++state_.step;
    const uint64_t documents = size.documents > 0 ? size.documents : static_cast<uint64_t>(size.rows);
    meter_->Count({size.tokens, size.tokens / documents, stall, batch_gradient_.TakeWaitSeconds()});
    validation_loss_.reset();
    return absl::OkStatus();
  }

  // Moves the parameters along the gradient, unless the guard says to leave this step out.
  absl::Status Update() {
    rate_ = LearningRate(plan_.schedule, plan_.optimizer.learning_rate(), state_.step, plan_.steps);
    const absl::StatusOr<double> norm = optimizer_.Norm(gradient_);
    if (!norm.ok()) return norm.status();
    norm_ = *norm;
    const std::string complaint = guard_.Complaint(loss_, norm_, state_.losses);
    if (complaint.empty()) {
      const absl::Status applied =
          optimizer_.Apply(state_.step + 1, rate_, norm_, gradient_, absl::MakeSpan(state_.parameters));
      if (!applied.ok()) return applied;
      batch_gradient_.Load(state_.parameters);
      state_.losses.push_back(static_cast<float>(loss_));
      return absl::OkStatus();
    }
    if (absl::Status status = guard_.MaySkip(state_.losses); !status.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat(complaint, " at step ", state_.step + 1, " (learning rate ", rate_, "), and ",
                       plan_.kind, ".", status.message(), ": a lower ", plan_.kind,
                       ".optimizer.learning_rate, a longer warm-up or a smaller clip_norm would be valid"));
    }
    if (group_.rank() == 0) Log("step ", state_.step + 1, " left out: ", complaint);
    state_.losses.push_back(std::numeric_limits<float>::quiet_NaN());
    ++skipped_;
    return absl::OkStatus();
  }

  // The model is as good as a checkpoint of the last step, but not where another job goes on.
  bool AtCheckpoint() const {
    if (state_.step == plan_.end_steps) return plan_.end_steps < plan_.steps;
    return plan_.checkpoint_every_steps > 0 && state_.step % plan_.checkpoint_every_steps == 0;
  }

  // The held-out loss of these parameters, where there is something held out.
  absl::Status Validate() {
    if (sources_.validation == nullptr) return absl::OkStatus();
    const RowShare share = ShareOf(sources_.validation_rows, group_.ranks(), group_.rank());
    std::vector<double> total = {0.0};
    if (share.end > share.begin) {
      const int64_t rows = share.end - share.begin;
      if (absl::Status status = sources_.validation->Fill(0, share.begin, rows, &held_out_); !status.ok())
        return status;
      total[0] = batch_gradient_.Loss(held_out_.View());
    }
    if (absl::Status status = group_.Sum(absl::MakeSpan(total)); !status.ok()) return status;
    validation_loss_ = total[0] / static_cast<double>(sources_.validation->SizeOf(0).targets);
    return absl::OkStatus();
  }

  // The attempt before took all steps, but ended before it published the model.
  absl::Status Revisit() {
    loss_ = state_.losses.empty() ? 0 : static_cast<double>(state_.losses.back());
    const absl::Status status = Validate();
    if (status.ok()) Report();
    return status;
  }

  void Report() {
    const bool due = state_.step % sample_every_ == 0 || state_.step == plan_.end_steps || validation_loss_;
    if (group_.rank() != 0 || !due) return;
    const absl::Time now = absl::Now();
    Metrics metrics = {{"loss", loss_}, {"grad_norm", norm_}, {"learning_rate", rate_}};
    for (auto& metric : meter_->Sample(now)) metrics.push_back(std::move(metric));
    if (skipped_ > 0) metrics.emplace_back("updates_skipped", static_cast<double>(skipped_));
    if (validation_loss_) metrics.emplace_back("validation_loss", *validation_loss_);
    context_.ReportSample(state_.step, metrics);
    const double rest = static_cast<double>(plan_.end_steps - state_.step);
    const double done = std::max(1.0, static_cast<double>(state_.step - first_step_));
    context_.ReportProgress(state_.step, plan_.end_steps, "steps",
                            meter_->elapsed_seconds(now) / done * rest);
  }

  // Not where each rank stores its own share of the moments: that needs a folder that all of them share.
  bool OneWrites() const {
    return optimizer_.shards() == nullptr || !context_.task().rendezvous_address().empty();
  }

  absl::Status BeginCheckpoint() {
    Metrics metrics = {{"loss", loss_}};
    if (validation_loss_) metrics.emplace_back("validation_loss", *validation_loss_);
    StateView view = {state_.step, state_.parameters, optimizer_.moment1(), optimizer_.moment2(),
                      state_.losses};
    const absl::Time before = absl::Now();
    ShardedOptimizer::Moments all;
    if (optimizer_.shards() != nullptr && OneWrites()) {
      absl::StatusOr<ShardedOptimizer::Moments> gathered = optimizer_.Gather(absl::MakeSpan(gradient_));
      if (!gathered.ok()) return gathered.status();
      all = *std::move(gathered);
      view.moment1 = all.moment1;
      view.moment2 = all.moment2;
    }
    writer_.Begin(view, std::move(metrics));
    stall_ += absl::ToDoubleSeconds(absl::Now() - before);
    return absl::OkStatus();
  }

  absl::StatusOr<TrainOutcome> End() {
    const absl::Status written = writer_.Finish();
    // Its failure is logged, and the model is worth more than a checkpoint, unless another job needs it.
    if (plan_.end_steps < plan_.steps && !written.ok()) return written;
    return TrainOutcome{std::move(state_), meter_->tokens(), validation_loss_};
  }

  absl::Status Leave() {
    if (absl::Status status = BeginCheckpoint(); !status.ok()) return status;
    if (absl::Status status = writer_.Finish(); !status.ok()) return status;
    // One rank was asked; the others are about to be, and leave as asked.
    const absl::Time patience = absl::Now() + kStopSpread;
    while (!context_.StopRequested() && absl::Now() < patience) absl::SleepFor(absl::Milliseconds(10));
    return absl::CancelledError(absl::StrCat("left after step ", state_.step, " of ", plan_.end_steps));
  }

  RunnerContext& context_;
  RankGroup& group_;
  const ParameterLayout& layout_;
  const TrainingPlan& plan_;
  const RunSources& sources_;
  const ParameterLayout& model_layout_;  // of all that computes, where only some of it is trained
  ShardedOptimizer optimizer_;
  BatchGradient batch_gradient_;
  const LossGuard guard_;
  TrainState state_;
  CheckpointWriter writer_;
  std::vector<float> gradient_;
  RowBuffer held_out_;
  const uint64_t sample_every_;

  std::optional<RunMeter> meter_;  // once it is known where the run begins
  double loss_ = 0, norm_ = 0;     // of the last step
  float rate_ = 0;
  std::optional<double> validation_loss_;  // after the last step, if it was asked for
  std::vector<double> totals_;
  uint64_t skipped_ = 0;  // updates, in this attempt
  double stall_ = 0;      // of this rank, since the last step
  uint64_t first_step_ = 0;
};

}  // namespace

absl::StatusOr<TrainOutcome> TrainModel(RunnerContext& context, RankGroup& group,
                                        const ParameterLayout& layout, const TrainingPlan& plan,
                                        const RunSources& sources, std::vector<float> initial,
                                        LowRankModel* low_rank) {
  return TrainingRun(context, group, layout, plan, sources, low_rank).Run(std::move(initial));
}

}  // namespace bonsai
