#include "coordinator/scheduler/training_bounds.h"

#include <algorithm>
#include <cmath>

namespace bonsai {
namespace {

constexpr uint32_t kStepsMax = 1'000'000'000;
constexpr uint32_t kBatchMax = 1'000'000;
constexpr uint32_t kSequenceMax = 1 << 20;
constexpr uint32_t kRampStepsMax = 1'000'000;
constexpr uint32_t kPartsMax = 1024;
constexpr uint32_t kRewindsMax = 1000;
constexpr uint32_t kLoraRankMax = 4096;
constexpr float kLoraAlphaMax = 1e6f;

// Of a model that is no Llama.
void CheckOptions(const v1::ModelShape& shape, ProblemList& problems) {
  if (!v1::ModelShape::Activation_IsValid(shape.activation())) {
    problems.Add("pretrain.model.activation", static_cast<int>(shape.activation()),
                 "must be SWIGLU or RELU_SQUARED");
  }
  if (shape.logit_soft_cap() != 0) {
    CheckRange("pretrain.model.logit_soft_cap", shape.logit_soft_cap(), 1e-3f, 1e6f, problems);
  }
  if (shape.layers_per_weights() > 0 && shape.layers() % shape.layers_per_weights() != 0) {
    problems.Add("pretrain.model.layers_per_weights", shape.layers_per_weights(),
                 absl::StrCat("must divide layers, which is ", shape.layers(), ", or be 0 for 1"));
  }
}

void CheckShape(const v1::ModelShape& shape, ProblemList& problems) {
  CheckRange("pretrain.model.layers", shape.layers(), 1u, 1024u, problems);
  CheckRange("pretrain.model.hidden_dim", shape.hidden_dim(), 1u, 1u << 20, problems);
  CheckRange("pretrain.model.max_seq_len", shape.max_seq_len(), 2u, kSequenceMax, problems);
  CheckRange("pretrain.model.dim", shape.dim(), 2u, 1u << 17, problems);
  CheckRange("pretrain.model.heads", shape.heads(), 1u, 4096u, problems);
  if (shape.heads() > 0 && shape.dim() > 0) {
    if (shape.dim() % shape.heads() != 0) {
      problems.Add("pretrain.model.dim", shape.dim(),
                   absl::StrCat("must be a multiple of heads, which is ", shape.heads()));
    } else if (shape.dim() / shape.heads() % 2 != 0) {
      problems.Add("pretrain.model.dim", shape.dim(),
                   absl::StrCat("dim / heads is ", shape.dim() / shape.heads(),
                                ", but must be even: rotary positions turn pairs of numbers"));
    }
  }
  if (shape.heads() > 0 && shape.kv_heads() > 0 && shape.heads() % shape.kv_heads() != 0) {
    problems.Add("pretrain.model.kv_heads", shape.kv_heads(),
                 absl::StrCat("must divide heads, which is ", shape.heads(), ", or be 0 for as many"));
  }
  if (shape.rope_theta() != 0)
    CheckRange("pretrain.model.rope_theta", shape.rope_theta(), 1.f, 1e12f, problems);
  CheckOptions(shape, problems);
  if (shape.norm_epsilon() != 0) {
    CheckRange("pretrain.model.norm_epsilon", shape.norm_epsilon(), 1e-12f, 0.1f, problems);
  }
}

void CheckOptimizer(const std::string& field, const v1::Optimizer& optimizer, ProblemList& problems) {
  const float rate = optimizer.learning_rate();
  if (!(rate > 0) || rate > 10) {
    problems.Add(absl::StrCat(field, ".learning_rate"), rate, "must be above 0 and at most 10");
  }
  CheckRange(absl::StrCat(field, ".beta1"), optimizer.beta1(), 0.f, 0.99999f, problems);
  CheckRange(absl::StrCat(field, ".beta2"), optimizer.beta2(), 0.f, 0.99999f, problems);
  CheckRange(absl::StrCat(field, ".epsilon"), optimizer.epsilon(), 0.f, 1.f, problems);
  CheckRange(absl::StrCat(field, ".weight_decay"), optimizer.weight_decay(), 0.f, 10.f, problems);
  CheckRange(absl::StrCat(field, ".clip_norm"), optimizer.clip_norm(), 0.f, 1e6f, problems);
  if (!optimizer.has_muon()) return;
  const float muon_rate = optimizer.muon().learning_rate();
  if (!(muon_rate > 0) || muon_rate > 10) {
    problems.Add(absl::StrCat(field, ".muon.learning_rate"), muon_rate, "must be above 0 and at most 10");
  }
  CheckRange(absl::StrCat(field, ".muon.momentum"), optimizer.muon().momentum(), 0.f, 0.99999f, problems);
  CheckRange(absl::StrCat(field, ".muon.row_beta"), optimizer.muon().row_beta(), 0.f, 0.99999f, problems);
}

void CheckSchedule(const std::string& field, const v1::Schedule& schedule, uint64_t steps,
                   ProblemList& problems) {
  if (!v1::Schedule::Shape_IsValid(schedule.shape())) {
    problems.Add(absl::StrCat(field, ".shape"), static_cast<int>(schedule.shape()),
                 "must be COSINE, WSD, LINEAR, or left out for a constant rate after the warm-up");
  }
  CheckRange(absl::StrCat(field, ".final_fraction"), schedule.final_fraction(), 0.f, 1.f, problems);
  if (schedule.shape() != v1::Schedule::WSD && schedule.decay_steps() != 0) {
    problems.Add(absl::StrCat(field, ".decay_steps"), schedule.decay_steps(),
                 "must be 0 unless the shape is WSD");
  }
  const uint64_t taken = uint64_t{schedule.warmup_steps()} + schedule.decay_steps();
  if (taken > steps && steps > 0) {
    problems.Add(absl::StrCat(field, ".warmup_steps"), schedule.warmup_steps(),
                 absl::StrCat("with ", schedule.decay_steps(), " decay_steps it must be at most the ", steps,
                              " steps of the job"));
  }
}

void CheckBatch(const std::string& kind, uint32_t batch, uint32_t ranks, ProblemList& problems) {
  const std::string field = kind + ".batch_sequences";
  CheckRange(field, batch, 1u, kBatchMax, problems);
  if (batch > 0 && batch < ranks) {
    problems.Add(field, batch, absl::StrCat("must be at least ", ranks, ": one for each rank"));
  }
}

void CheckStop(const std::string& kind, uint32_t stop_after_steps, uint32_t steps, ProblemList& problems) {
  if (stop_after_steps <= steps) return;
  problems.Add(kind + ".stop_after_steps", stop_after_steps,
               absl::StrCat("must be at most steps, which is ", steps, ", or 0 for all"));
}

void CheckRamp(const v1::BatchRamp& ramp, uint32_t batch, uint32_t ranks, ProblemList& problems) {
  CheckRange("pretrain.batch_ramp.steps", ramp.steps(), 1u, kRampStepsMax, problems);
  const uint32_t initial = ramp.initial_sequences();
  if (initial < std::max(1u, ranks) || initial > batch) {
    problems.Add("pretrain.batch_ramp.initial_sequences", initial,
                 absl::StrCat("must be from ", std::max(1u, ranks),
                              ", one for each rank, to batch_sequences, ", batch));
  }
}

void CheckGuard(const std::string& kind, const v1::Guard& guard, ProblemList& problems) {
  if (!v1::Guard::Action_IsValid(guard.action())) {
    problems.Add(kind + ".guard.action", static_cast<int>(guard.action()), "must be STOP, SKIP or REWIND");
  }
  const float factor = guard.spike_factor();
  if (factor != 0 && !(factor > 1 && factor <= 1e6f)) {
    problems.Add(kind + ".guard.spike_factor", factor, "must be above 1, or 0 for no such check");
  }
  if (guard.skips_max() > 0 && guard.action() != v1::Guard::SKIP) {
    problems.Add(kind + ".guard.skips_max", guard.skips_max(), "must be 0 unless guard.action is SKIP");
  }
  const uint32_t rewinds = guard.rewinds_max();
  if (rewinds > 0 && guard.action() != v1::Guard::REWIND) {
    problems.Add(kind + ".guard.rewinds_max", rewinds, "must be 0 unless guard.action is REWIND");
  } else {
    CheckRange(kind + ".guard.rewinds_max", rewinds, 0u, kRewindsMax, problems);
  }
}

void CheckValidation(const v1::PretrainSpec& spec, ProblemList& problems) {
  const v1::PretrainSpec::Validation& validation = spec.validation();
  CheckRange("pretrain.validation.sequences", validation.sequences(), 0u, kBatchMax, problems);
  if (validation.every_steps() > spec.steps()) {
    problems.Add(
        "pretrain.validation.every_steps", validation.every_steps(),
        absl::StrCat("must be at most steps, which is ", spec.steps(), ", or 0 for with each checkpoint"));
  }
}

void CheckParts(const std::string& kind, uint32_t parts, ProblemList& problems) {
  if ((parts & (parts - 1)) == 0 && parts <= kPartsMax) return;
  problems.Add(kind + ".gradient_parts", parts,
               absl::StrCat("must be 0 or a power of two of at most ", kPartsMax));
}

void CheckPrecision(const std::string& kind, v1::Precision precision, ProblemList& problems) {
  if (v1::Precision_IsValid(precision)) return;
  problems.Add(kind + ".precision", static_cast<int>(precision), "must be F32 or BF16");
}

void CheckLora(const v1::SftSpec& spec, ProblemList& problems) {
  CheckRange("sft.lora.rank", spec.lora().rank(), 1u, kLoraRankMax, problems);
  CheckRange("sft.lora.alpha", spec.lora().alpha(), 0.f, kLoraAlphaMax, problems);
  if (spec.optimizer().has_muon()) {
    problems.Add("sft.optimizer.muon", "set",
                 "must be left out with sft.lora: Muon's steps are made for whole matrices");
  }
}

}  // namespace

void CheckPretrain(const v1::PretrainSpec& spec, uint32_t ranks, ProblemList& problems) {
  CheckShape(spec.model(), problems);
  CheckOptimizer("pretrain.optimizer", spec.optimizer(), problems);
  CheckRange("pretrain.steps", spec.steps(), 1u, kStepsMax, problems);
  CheckSchedule("pretrain.schedule", spec.schedule(), spec.steps(), problems);
  CheckBatch("pretrain", spec.batch_sequences(), ranks, problems);
  CheckStop("pretrain", spec.stop_after_steps(), spec.steps(), problems);
  if (spec.has_batch_ramp()) CheckRamp(spec.batch_ramp(), spec.batch_sequences(), ranks, problems);
  CheckRange("pretrain.width_transfer_dim", spec.width_transfer_dim(), 0u, 1u << 17, problems);
  CheckRange("pretrain.z_loss", spec.z_loss(), 0.f, 1.f, problems);
  CheckGuard("pretrain", spec.guard(), problems);
  CheckParts("pretrain", spec.gradient_parts(), problems);
  CheckPrecision("pretrain", spec.precision(), problems);
  CheckValidation(spec, problems);
  if (spec.seq_len() > spec.model().max_seq_len() || spec.seq_len() == 1) {
    problems.Add("pretrain.seq_len", spec.seq_len(),
                 absl::StrCat("must be from 2 to model.max_seq_len, which is ", spec.model().max_seq_len(),
                              ", or 0 for that"));
  }
}

void CheckSft(const v1::SftSpec& spec, uint32_t ranks, ProblemList& problems) {
  CheckOptimizer("sft.optimizer", spec.optimizer(), problems);
  CheckRange("sft.steps", spec.steps(), 1u, kStepsMax, problems);
  CheckSchedule("sft.schedule", spec.schedule(), spec.steps(), problems);
  CheckBatch("sft", spec.batch_sequences(), ranks, problems);
  CheckStop("sft", spec.stop_after_steps(), spec.steps(), problems);
  CheckGuard("sft", spec.guard(), problems);
  CheckParts("sft", spec.gradient_parts(), problems);
  CheckPrecision("sft", spec.precision(), problems);
  if (spec.seq_len() != 0) CheckRange("sft.seq_len", spec.seq_len(), 2u, kSequenceMax, problems);
  if (spec.has_lora()) CheckLora(spec, problems);
  if (!v1::ChatTemplate_IsValid(spec.chat_template())) {
    problems.Add("sft.chat_template", static_cast<int>(spec.chat_template()),
                 "must be ALPACA, LLAMA2 or CHATML");
  }
}

}  // namespace bonsai
