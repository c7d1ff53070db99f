#include "worker/train/training_run.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "worker/train/best_model.h"
#include "worker/train/learning_rate.h"
#include "worker/train/loss_guard.h"
#include "worker/train/model_place.h"
#include "worker/train/resume_point.h"
#include "worker/train/run_checkpoints.h"
#include "worker/train/run_meter.h"
#include "worker/train/run_reporter.h"
#include "worker/train/run_shape.h"
#include "worker/train/step_order.h"
#include "worker/train/validation.h"

namespace bonsai {
namespace {

// The agent asks all ranks of an attempt to leave, but not in the same instant.
constexpr absl::Duration kStopSpread = absl::Seconds(30);

template <typename... Parts>
void Log(const Parts&... parts) {
  std::fprintf(stderr, "%s\n", absl::StrCat(parts...).c_str());
}

int ThreadsOf(const RunnerContext& context) {
  return std::max<int>(1, static_cast<int>(context.task().spec().resources().cpus()));
}

// What became of a step.
enum class StepEnd { kTaken, kAskedToLeave, kUndone };

class TrainingRun {
 public:
  TrainingRun(RunnerContext& context, RankGroup& group, const ParameterLayout& layout,
              const TrainingPlan& plan, const RunSources& sources, LowRankModel* low_rank,
              std::unique_ptr<TrainedModel> model)
      : context_(context),
        group_(group),
        layout_(layout),
        plan_(plan),
        sources_(sources),
        model_layout_(low_rank == nullptr ? layout : low_rank->model_layout()),
        model_(model != nullptr ? std::move(model)
                                : PlaceModel(group, layout, plan, ThreadsOf(context), low_rank)),
        guard_(plan.guard),
        validation_(plan, group, *model_, sources.validation, sources.validation_rows),
        resume_point_(context, group, plan, static_cast<uint64_t>(layout.size()), model_->share()),
        best_(/*keeps_parameters=*/group.rank() == 0),
        checkpoints_(context, group, plan, static_cast<uint64_t>(layout.size()), *model_),
        shape_(ShapeOfRun(model_layout_, layout, plan, sources.training, group.ranks(), ThreadsOf(context),
                          sources.validation == nullptr ? 0 : sources.validation_rows)) {}

  absl::StatusOr<TrainOutcome> Run(std::vector<float> initial) {
    if (absl::Status status = Resume(std::move(initial)); !status.ok()) return status;
    const double peak = model_->PeakFlops() * group_.ranks();
    reporter_.emplace(context_, group_.rank() == 0, plan_, shape_, state_.record,
                      RunMeter(model_layout_, peak, TokensSoFar(), absl::Now()));
    if (absl::Status status = Revisit(); !status.ok()) return status;
    while (state_.step < plan_.end_steps) {
      const absl::StatusOr<StepEnd> end = TakeStep();
      if (!end.ok()) return end.status();
      if (*end == StepEnd::kUndone) continue;
      const bool leave = *end == StepEnd::kAskedToLeave && state_.step < plan_.end_steps;
      // Whoever is asked to leave has little time; the next attempt makes up for it.
      if (!leave && validation_.DueAfter(state_.step)) {
        if (absl::Status status = Validate(); !status.ok()) return status;
      }
      reporter_->Report(figures_);
      if (leave) return Leave();
      if (!AtCheckpoint()) continue;
      if (absl::Status status = BeginCheckpoint(); !status.ok()) return status;
    }
    return End();
  }

 private:
  absl::Status Resume(std::vector<float> initial) {
    if (guard_.rewinds()) resume_point_.KeepStart(initial);
    absl::StatusOr<std::optional<TrainState>> found = resume_point_.AtStart();
    if (!found.ok()) return found.status();
    if (!*found) {
      model_->Restore(std::move(initial), {}, {});
    } else {
      Restore(**std::move(found));
      if (group_.rank() == 0) Log("resumed at step ", state_.step, " with ", group_.ranks(), " ranks");
    }
    order_ = StepOrder(state_.record.rewinds);
    return absl::OkStatus();
  }

  void Restore(TrainState&& state) {
    state_ = std::move(state);
    model_->Restore(std::exchange(state_.parameters, {}), std::exchange(state_.moment1, {}),
                    std::exchange(state_.moment2, {}));
    best_.Restore(state_.record.best, std::exchange(state_.best, nullptr));
  }

  // What the attempt before took leave from: a validation that was due, or all steps, but no model published.
  absl::Status Revisit() {
    figures_ = StepFigures();
    figures_.step = state_.step;
    if (!state_.losses.empty()) figures_.loss = static_cast<double>(state_.losses.back());
    const bool ended = state_.step == plan_.end_steps;
    const auto& done = state_.record.validations;
    if (validation_.DueAfter(state_.step) && (ended || done.empty() || done.back().step < state_.step)) {
      if (absl::Status status = Validate(); !status.ok()) return status;
    }
    if (ended) reporter_->Report(figures_);
    return absl::OkStatus();
  }

  // The rows of the step after this one, unless this one is undone.
  std::optional<uint64_t> NextBatch() const {
    if (state_.step + 1 >= plan_.end_steps) return std::nullopt;
    return order_.BatchOf(state_.step + 1);
  }

  uint64_t TokensSoFar() const { return TokensBefore(sources_.training, order_, state_.step); }

  absl::StatusOr<StepEnd> TakeStep() {
    const uint64_t batch = order_.BatchOf(state_.step);
    const BatchSource::Size size = sources_.training.SizeOf(batch);
    const absl::StatusOr<double> loss = model_->MakeGradient(sources_.training, batch, NextBatch());
    if (!loss.ok()) return loss.status();
    // How many were asked to leave, and how long each rank's checkpoint kept it since the last step.
    totals_.assign(1 + static_cast<size_t>(group_.ranks()), 0.0);
    totals_[0] = context_.StopRequested() ? 1.0 : 0.0;
    totals_[1 + static_cast<size_t>(group_.rank())] = std::exchange(stall_, 0.0);
    if (absl::Status status = group_.Sum(absl::MakeSpan(totals_)); !status.ok()) return status;
    // The ranks wait for each other, so the one that was kept longest kept all of them.
    const double stall = *std::max_element(totals_.begin() + 1, totals_.end());
    const uint64_t documents = size.documents > 0 ? size.documents : static_cast<uint64_t>(size.rows);
    reporter_->CountStep({size.tokens, size.tokens / documents, stall, model_->TakeWaitSeconds()});
    const absl::StatusOr<double> norm = model_->Norm();
    if (!norm.ok()) return norm.status();
    const float rate =
        LearningRate(plan_.schedule, plan_.optimizer.learning_rate(), state_.step, plan_.steps);
    figures_ = {state_.step + 1, *loss, *norm, double{rate}, std::nullopt};
    const absl::StatusOr<bool> taken = Update();
    if (!taken.ok()) return taken.status();
    // Who is asked to leave then does so after the next step: that one is news, this one is on record.
    if (!*taken) return StepEnd::kUndone;
    ++state_.step;
    return totals_[0] > 0 ? StepEnd::kAskedToLeave : StepEnd::kTaken;
  }

  // Moves the parameters along the gradient, or does what the guard says. False: it went back.
  absl::StatusOr<bool> Update() {
    const double norm = figures_.gradient_norm;
    const std::string complaint = guard_.Complaint(figures_.loss, norm, state_.losses);
    if (complaint.empty()) {
      const absl::Status applied =
          model_->Apply(state_.step + 1, static_cast<float>(figures_.learning_rate), norm);
      if (!applied.ok()) return applied;
      state_.losses.push_back(static_cast<float>(figures_.loss));
      return true;
    }
    const absl::Status may =
        guard_.rewinds() ? guard_.MayRewind(state_.record.rewinds.size()) : guard_.MaySkip(state_.losses);
    if (!may.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat(complaint, " at step ", state_.step + 1, " (learning rate ", figures_.learning_rate,
                       "), and ", plan_.kind, ".", may.message(), ": a lower ", plan_.kind,
                       ".optimizer.learning_rate, a longer warm-up or a smaller clip_norm would be valid"));
    }
    if (guard_.rewinds()) {
      if (absl::Status status = GoBack(complaint); !status.ok()) return status;
      return false;
    }
    if (group_.rank() == 0) Log("step ", state_.step + 1, " left out: ", complaint);
    state_.losses.push_back(std::numeric_limits<float>::quiet_NaN());
    reporter_->CountSkip();
    return true;
  }

  // To the newest checkpoint, or the start. All but the rewinds is as it was then.
  absl::Status GoBack(absl::string_view complaint) {
    const RunRecord before = std::move(state_.record);
    absl::StatusOr<TrainState> found = resume_point_.Behind(checkpoints_.Published(), before.rewinds.size());
    if (!found.ok()) return found.status();
    const uint64_t from = state_.step;
    Restore(*std::move(found));
    const Rewind rewind = {from, state_.step};
    if (rewind.to > from) {
      return absl::InternalError(
          absl::StrCat("the newest checkpoint has ", rewind.to, " steps, after a run of ", from));
    }
    state_.record.GoOnAfter(before, rewind);
    order_.Add(rewind);
    reporter_->CountRewind(TokensSoFar());
    if (group_.rank() == 0) {
      Log("back to step ", rewind.to, " from step ", from + 1, ": ", complaint, "; ", from + 1 - rewind.to,
          " steps are taken with other rows");
    }
    return absl::OkStatus();
  }

  // The model is as good as a checkpoint of the last step, but not where another job goes on.
  bool AtCheckpoint() const {
    if (state_.step == plan_.end_steps) return plan_.end_steps < plan_.steps;
    return plan_.checkpoint_every_steps > 0 && state_.step % plan_.checkpoint_every_steps == 0;
  }

  absl::Status Validate() {
    const absl::StatusOr<double> loss = validation_.Measure();
    if (!loss.ok()) return loss.status();
    figures_.validation_loss = *loss;
    state_.record.AddValidation({state_.step, *loss});
    if (!plan_.keep_best) return absl::OkStatus();
    best_.Offer({state_.step, *loss}, model_->Parameters());
    state_.record.best = best_.best();
    return absl::OkStatus();
  }

  absl::Status BeginCheckpoint() {
    Metrics metrics = {{"loss", figures_.loss}};
    if (figures_.validation_loss) metrics.emplace_back("validation_loss", *figures_.validation_loss);
    reporter_->NoteTime();
    const StateView view = {state_.step, {}, {}, {}, state_.losses, &state_.record, best_.parameters()};
    const absl::StatusOr<double> stall = checkpoints_.Begin(view, std::move(metrics));
    if (!stall.ok()) return stall.status();
    stall_ += *stall;
    return absl::OkStatus();
  }

  absl::StatusOr<TrainOutcome> End() {
    const absl::Status written = checkpoints_.Finish();
    // Its failure is logged, and the model is worth more than a checkpoint, unless another job needs it.
    if (plan_.end_steps < plan_.steps && !written.ok()) return written;
    reporter_->NoteTime();
    TrainOutcome outcome;
    outcome.tokens = reporter_->tokens();
    outcome.model_step = state_.step;
    outcome.validation_loss = figures_.validation_loss;
    outcome.shape = shape_;
    outcome.state = std::move(state_);
    if (best_.best()) {
      outcome.model_step = best_.best()->step;
      outcome.validation_loss = best_.best()->loss;
      if (best_.parameters() != nullptr) outcome.state.parameters = *best_.parameters();
    }
    if (outcome.state.parameters.empty()) outcome.state.parameters = model_->TakeParameters();
    return outcome;
  }

  absl::Status Leave() {
    if (absl::Status status = BeginCheckpoint(); !status.ok()) return status;
    if (absl::Status status = checkpoints_.Finish(); !status.ok()) return status;
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
  const std::unique_ptr<TrainedModel> model_;
  const LossGuard guard_;
  Validation validation_;
  ResumePoint resume_point_;
  TrainState state_;  // all but what the model holds
  StepOrder order_;
  BestModel best_;
  RunCheckpoints checkpoints_;
  const RunShape shape_;

  std::optional<RunReporter> reporter_;  // once it is known where the run begins
  StepFigures figures_;                  // of the last step
  std::vector<double> totals_;
  double stall_ = 0;  // of this rank, since the last step
};

}  // namespace

absl::StatusOr<TrainOutcome> TrainModel(RunnerContext& context, RankGroup& group,
                                        const ParameterLayout& layout, const TrainingPlan& plan,
                                        const RunSources& sources, std::vector<float> initial,
                                        LowRankModel* low_rank, std::unique_ptr<TrainedModel> model) {
  return TrainingRun(context, group, layout, plan, sources, low_rank, std::move(model))
      .Run(std::move(initial));
}

}  // namespace bonsai
