#include "worker/train/training_plan.h"

#include <google/protobuf/text_format.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "worker/train/learning_rate.h"

namespace bonsai {
namespace {

// A digest of what a checkpoint must agree with: the spec of the work and the input artifacts. Where it runs
// changes rounding at most, and where it stops nothing of what comes before.
template <typename Spec>
std::string FingerprintOf(absl::string_view kind, Spec spec, const v1::Task& task) {
  spec.clear_stop_after_steps();
  std::string text;
  google::protobuf::TextFormat::PrintToString(spec, &text);
  text = absl::StrCat(kind, "\n", text);
  for (const v1::ResolvedInput& input : task.inputs()) {
    absl::StrAppend(&text, input.field(), " ", input.artifact_id(), "\n");
  }
  return Sha256Hex(text);
}

template <typename Spec>
TrainingPlan FromSpec(absl::string_view kind, const Spec& spec, const v1::Task& task) {
  TrainingPlan plan;
  plan.kind = std::string(kind);
  plan.optimizer = spec.optimizer();
  plan.schedule = spec.schedule();
  plan.steps = spec.steps();
  plan.end_steps = spec.stop_after_steps() == 0 ? spec.steps() : spec.stop_after_steps();
  plan.batch_sequences = spec.batch_sequences();
  plan.seq_len = spec.seq_len();
  plan.seed = spec.seed();
  plan.checkpoint_every_steps = spec.checkpoint_every_steps();
  plan.fingerprint = FingerprintOf(kind, spec, task);
  return plan;
}

absl::Status Validate(const TrainingPlan& plan, uint32_t ranks) {
  if (plan.steps == 0)
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".steps is 0; valid: 1 or more"));
  if (plan.end_steps > plan.steps) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".stop_after_steps is ", plan.end_steps,
                                                   "; valid: at most steps, ", plan.steps));
  }
  if (plan.batch_sequences < ranks) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".batch_sequences is ", plan.batch_sequences,
                                                   "; valid: at least one for each rank, ", ranks));
  }
  if (absl::Status status = ValidateOptimizer(plan.optimizer, plan.kind); !status.ok()) return status;
  return ValidateSchedule(plan.schedule, plan.steps, plan.kind);
}

}  // namespace

absl::StatusOr<TrainingPlan> PlanOf(const v1::Task& task) {
  const v1::JobSpec& spec = task.spec();
  if (!spec.has_pretrain() && !spec.has_sft()) {
    return absl::InvalidArgumentError("the task is neither pretrain nor sft");
  }
  TrainingPlan plan =
      spec.has_pretrain() ? FromSpec("pretrain", spec.pretrain(), task) : FromSpec("sft", spec.sft(), task);
  if (absl::Status status = Validate(plan, std::max(1u, task.ranks())); !status.ok()) return status;
  return plan;
}

absl::StatusOr<uint32_t> PositionsOf(const TrainingPlan& plan, uint32_t longest,
                                     absl::string_view longest_name) {
  const uint32_t positions = plan.seq_len == 0 ? longest : plan.seq_len;
  if (positions > longest) {
    return absl::InvalidArgumentError(
        absl::StrCat(plan.kind, ".seq_len is ", positions, "; valid: at most ", longest_name, ", ", longest));
  }
  if (uint64_t{positions} * plan.batch_sequences > kBatchPositionsMax) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".batch_sequences is ", plan.batch_sequences,
                                                   "; valid: batch_sequences x seq_len of at most ",
                                                   kBatchPositionsMax));
  }
  return positions;
}

RowShare ShareOf(int64_t rows, int ranks, int rank) {
  return {rows * rank / ranks, rows * (rank + 1) / ranks};
}

}  // namespace bonsai
