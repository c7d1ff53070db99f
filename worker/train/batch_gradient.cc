#include "worker/train/batch_gradient.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "worker/train/llama_step.h"

namespace bonsai {
namespace {

// Divided by the targets of all ranks, so that each row counts the same however they are shared out.
float ScaleOf(const BatchSource::Size& size) { return 1.0f / static_cast<float>(size.targets); }

}  // namespace

LlamaPassOptions PassOptionsOf(const TrainingPlan& plan) {
  LlamaPassOptions options;
  options.z_loss = plan.z_loss;
  options.precision = plan.precision;
  return options;
}

BatchGradient::BatchGradient(RankGroup& group, const ParameterLayout& layout, const TrainingPlan& plan,
                             int threads, const ShardMap* shards, LowRankModel* low_rank,
                             std::unique_ptr<TrainStep> step)
    : group_(group), shards_(shards), parts_(plan.gradient_parts), low_rank_(low_rank) {
  const ParameterLayout& model = low_rank == nullptr ? layout : low_rank->model_layout();
  LlamaPassOptions options = PassOptionsOf(plan);
  options.layers_only = low_rank != nullptr;
  if (step == nullptr) step = CreateLlamaStep(model, SelectKernels(), threads, options);
  step_ = step.get();
  pass_ = std::move(step);
  if (low_rank != nullptr) pass_ = CreateLowRankPass(*low_rank, std::move(pass_));
  if (parts_ > 0) tree_.emplace(model, SelectKernels(), threads, options, low_rank);
}

void BatchGradient::Load(absl::Span<const float> parameters) {
  const absl::Span<const float> model = low_rank_ == nullptr ? parameters : low_rank_->Load(parameters);
  step_->Load(model);
  if (tree_) tree_->Load(model);
}

absl::StatusOr<double> BatchGradient::Compute(BatchSource& source, uint64_t step,
                                              absl::Span<float> gradient) {
  const absl::StatusOr<double> loss = tree_ ? SumInTree(source, step, gradient) : Sum(source, step, gradient);
  if (!loss.ok()) return loss;
  return *loss / static_cast<double>(source.SizeOf(step).targets);
}

absl::Status BatchGradient::Fill(BatchSource& source, uint64_t step, const RowShare& share,
                                 RowBuffer& buffer) {
  buffer.rows = share.end - share.begin;
  if (buffer.rows == 0) return absl::OkStatus();
  const absl::Time begin = absl::Now();
  const absl::Status status = source.Fill(step, share.begin, buffer.rows, &buffer);
  wait_seconds_ += absl::ToDoubleSeconds(absl::Now() - begin);
  return status;
}

absl::StatusOr<double> BatchGradient::Sum(BatchSource& source, uint64_t step, absl::Span<float> gradient) {
  const BatchSource::Size size = source.SizeOf(step);
  buffers_.resize(1);
  const RowShare share = ShareOf(size.rows, group_.ranks(), group_.rank());
  if (absl::Status status = Fill(source, step, share, buffers_[0]); !status.ok()) return status;
  std::fill(gradient.begin(), gradient.end(), 0.0f);
  std::vector<double> loss = {0.0};
  if (group_.ranks() == 1 || step_->SumsOverRanks()) {
    loss[0] = pass_->AddGradient(buffers_[0].View(), ScaleOf(size), gradient);
    if (group_.ranks() == 1) return loss[0];
    if (absl::Status status = group_.Sum(absl::MakeSpan(loss)); !status.ok()) return status;
    return loss[0];
  }
  // What the backward pass is done with is summed while it goes on.
  const std::unique_ptr<SumUnderWay> sum =
      shards_ == nullptr ? group_.BeginSum(gradient)
                         : group_.BeginSumToOwners(gradient, shards_->ranges(), group_.ranks());
  loss[0] = pass_->StreamGradient(buffers_[0].View(), ScaleOf(size), gradient,
                                  [&](int64_t first) { sum->FinalFrom(first); });
  if (absl::Status status = sum->Finish(); !status.ok()) return status;
  if (absl::Status status = group_.Sum(absl::MakeSpan(loss)); !status.ok()) return status;
  return loss[0];
}

absl::StatusOr<double> BatchGradient::SumInTree(BatchSource& source, uint64_t step,
                                                absl::Span<float> gradient) {
  const BatchSource::Size size = source.SizeOf(step);
  const RowShare parts = PartsOf(parts_, group_.ranks(), group_.rank());
  buffers_.resize(parts.end - parts.begin);
  // Each part is a batch of its own: how far its rows are padded must not depend on the ranks either.
  std::vector<TokenBatch> batches;
  for (int64_t part = parts.begin; part < parts.end; ++part) {
    RowBuffer& buffer = buffers_[part - parts.begin];
    const RowShare share = ShareOf(size.rows, static_cast<int>(parts_), static_cast<int>(part));
    if (absl::Status status = Fill(source, step, share, buffer); !status.ok()) return status;
    batches.push_back(buffer.View());
  }
  std::vector<double> loss = {0.0};
  if (!batches.empty()) loss[0] = tree_->Sum(batches, ScaleOf(size), gradient);
  const int working = WorkingRanks(parts_, group_.ranks());
  const absl::Status summed = shards_ == nullptr
                                  ? group_.SumInTree(gradient, working)
                                  : group_.BeginSumToOwners(gradient, shards_->ranges(), working)->Finish();
  if (!summed.ok()) return summed;
  if (absl::Status status = group_.SumInTree(absl::MakeSpan(loss), working); !status.ok()) return status;
  return loss[0];
}

}  // namespace bonsai
