#include "worker/train/training_plan.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <type_traits>

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
  if constexpr (std::is_same_v<Spec, v1::PretrainSpec>) spec.clear_shard_optimizer();
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
  plan.guard = spec.guard();
  plan.gradient_parts = spec.gradient_parts();
  plan.precision = spec.precision();
  if constexpr (std::is_same_v<Spec, v1::PretrainSpec>) {
    plan.ramp = spec.batch_ramp();
    plan.z_loss = spec.z_loss();
    plan.width_transfer_dim = spec.width_transfer_dim();
    plan.shard_optimizer = spec.shard_optimizer();
    plan.validate_every_steps = spec.validation().every_steps();
    plan.keep_best = spec.validation().keep_best();
  }
  if (task.gpu_ids_size() > 0) plan.gpu_id = task.gpu_ids(0);
  plan.seed = spec.seed();
  plan.checkpoint_every_steps = spec.checkpoint_every_steps();
  plan.fingerprint = FingerprintOf(kind, spec, task);
  return plan;
}

constexpr uint32_t kRampStepsMax = 1'000'000;
constexpr uint32_t kPartsMax = 1024;
constexpr uint32_t kWidthMax = 1 << 17;
constexpr uint32_t kLoraRankMax = 4096;
constexpr float kLoraAlphaMax = 1e6f;
constexpr uint32_t kRewindsMax = 1000;

absl::Status ValidateWatch(const TrainingPlan& plan) {
  if (!v1::Guard::Action_IsValid(plan.guard.action())) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".guard.action is ",
                                                   static_cast<int>(plan.guard.action()),
                                                   "; valid: STOP, SKIP or REWIND"));
  }
  const float factor = plan.guard.spike_factor();
  if (factor != 0 && !(factor > 1 && std::isfinite(factor))) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".guard.spike_factor is ", factor,
                                                   "; valid: above 1, or 0 for no such check"));
  }
  if (plan.guard.skips_max() > 0 && plan.guard.action() != v1::Guard::SKIP) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".guard.skips_max is ", plan.guard.skips_max(),
                                                   "; valid: 0 unless guard.action is SKIP"));
  }
  const uint32_t rewinds = plan.guard.rewinds_max();
  if (rewinds > kRewindsMax || (rewinds > 0 && plan.guard.action() != v1::Guard::REWIND)) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".guard.rewinds_max is ", rewinds,
                                                   "; valid: at most ", kRewindsMax,
                                                   ", and 0 unless guard.action is REWIND"));
  }
  if (plan.validate_every_steps > plan.steps) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".validation.every_steps is ",
                                                   plan.validate_every_steps, "; valid: at most steps, ",
                                                   plan.steps, ", or 0 for with each checkpoint"));
  }
  return absl::OkStatus();
}

absl::Status ValidateRecipe(const TrainingPlan& plan, uint32_t ranks) {
  const uint32_t initial = plan.ramp.initial_sequences();
  if (plan.ramp.steps() > kRampStepsMax) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".batch_ramp.steps is ", plan.ramp.steps(),
                                                   "; valid: at most ", kRampStepsMax));
  }
  if (plan.ramp.steps() > 0 && (initial < ranks || initial > plan.batch_sequences)) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".batch_ramp.initial_sequences is ", initial,
                                                   "; valid: ", ranks, ", one for each rank, to ",
                                                   "batch_sequences, ", plan.batch_sequences));
  }
  if (!(plan.z_loss >= 0 && plan.z_loss <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".z_loss is ", plan.z_loss, "; valid: 0 to 1"));
  }
  if (plan.width_transfer_dim > kWidthMax) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".width_transfer_dim is ",
                                                   plan.width_transfer_dim, "; valid: 0 to ", kWidthMax));
  }
  if (plan.gradient_parts > kPartsMax || (plan.gradient_parts & (plan.gradient_parts - 1)) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(plan.kind, ".gradient_parts is ", plan.gradient_parts,
                                                   "; valid: 0, or a power of two of at most ", kPartsMax));
  }
  return absl::OkStatus();
}

absl::Status ValidateTuning(const v1::SftSpec& spec) {
  if (!v1::ChatTemplate_IsValid(spec.chat_template())) {
    return absl::InvalidArgumentError(absl::StrCat("sft.chat_template is ",
                                                   static_cast<int>(spec.chat_template()),
                                                   "; valid: ALPACA, LLAMA2 or CHATML"));
  }
  if (!spec.has_lora()) return absl::OkStatus();
  if (spec.lora().rank() == 0 || spec.lora().rank() > kLoraRankMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("sft.lora.rank is ", spec.lora().rank(), "; valid: 1 to ", kLoraRankMax));
  }
  const float alpha = spec.lora().alpha();
  if (!(alpha >= 0 && alpha <= kLoraAlphaMax)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sft.lora.alpha is ", alpha, "; valid: above 0 and at most ", kLoraAlphaMax, ", or 0 for 2 * rank"));
  }
  if (spec.optimizer().has_muon()) {
    return absl::InvalidArgumentError(
        "sft.optimizer.muon is set, and so is sft.lora; valid: one of them, as Muon's steps are made for "
        "whole "
        "matrices");
  }
  return absl::OkStatus();
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
  if (absl::Status status = ValidateRecipe(plan, ranks); !status.ok()) return status;
  if (absl::Status status = ValidateWatch(plan); !status.ok()) return status;
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
  if (spec.has_sft()) {
    if (absl::Status status = ValidateTuning(spec.sft()); !status.ok()) return status;
  }
  return plan;
}

std::string WhyNotOnGpu(const TrainingPlan& plan) {
  if (plan.kind != "pretrain") return absl::StrCat(plan.kind, " runs on the CPU; pretrain has a GPU backend");
  if (plan.gradient_parts == 0) return "";
  return absl::StrCat(plan.kind, ".gradient_parts is ", plan.gradient_parts,
                      ", a sum that only the CPU makes; 0 would be valid on a GPU");
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

int WorkingRanks(uint32_t parts, int ranks) {
  return static_cast<int>(std::min(parts, std::bit_floor(static_cast<uint32_t>(ranks))));
}

RowShare PartsOf(uint32_t parts, int ranks, int rank) {
  const int working = WorkingRanks(parts, ranks);
  if (rank >= working) return {};
  return ShareOf(int64_t{parts}, working, rank);
}

}  // namespace bonsai
