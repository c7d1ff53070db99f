#include "worker/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

absl::Status Invalid(absl::string_view kind, absl::string_view field, double value, absl::string_view valid) {
  return absl::InvalidArgumentError(absl::StrCat(kind, ".", field, " is ", value, "; valid: ", valid));
}

}  // namespace

absl::Status ValidateSchedule(const v1::Schedule& schedule, uint32_t steps, absl::string_view kind) {
  if (schedule.warmup_steps() > steps) {
    return Invalid(kind, "schedule.warmup_steps", schedule.warmup_steps(),
                   absl::StrCat("at most steps, ", steps));
  }
  if (!(schedule.final_fraction() >= 0 && schedule.final_fraction() <= 1)) {
    return Invalid(kind, "schedule.final_fraction", schedule.final_fraction(), "0 to 1");
  }
  if (schedule.shape() == v1::Schedule::WSD) {
    if (schedule.decay_steps() > steps - schedule.warmup_steps()) {
      return Invalid(kind, "schedule.decay_steps", schedule.decay_steps(),
                     absl::StrCat("at most steps - warmup_steps, ", steps - schedule.warmup_steps()));
    }
  } else if (schedule.decay_steps() != 0) {
    return Invalid(kind, "schedule.decay_steps", schedule.decay_steps(), "0 unless schedule.shape is WSD");
  }
  return absl::OkStatus();
}

absl::Status ValidateOptimizer(const v1::Optimizer& optimizer, absl::string_view kind) {
  if (!(optimizer.learning_rate() > 0 && std::isfinite(optimizer.learning_rate()))) {
    return Invalid(kind, "optimizer.learning_rate", optimizer.learning_rate(), "above 0, finite");
  }
  if (!(optimizer.beta1() >= 0 && optimizer.beta1() < 1)) {
    return Invalid(kind, "optimizer.beta1", optimizer.beta1(), "0 (for 0.9) up to below 1");
  }
  if (!(optimizer.beta2() >= 0 && optimizer.beta2() < 1)) {
    return Invalid(kind, "optimizer.beta2", optimizer.beta2(), "0 (for 0.95) up to below 1");
  }
  if (!(optimizer.epsilon() >= 0 && optimizer.epsilon() <= 1)) {
    return Invalid(kind, "optimizer.epsilon", optimizer.epsilon(), "0 (for 1e-8) to 1");
  }
  if (!(optimizer.weight_decay() >= 0 && optimizer.weight_decay() <= 10)) {
    return Invalid(kind, "optimizer.weight_decay", optimizer.weight_decay(), "0 to 10");
  }
  if (!(optimizer.clip_norm() >= 0 && std::isfinite(optimizer.clip_norm()))) {
    return Invalid(kind, "optimizer.clip_norm", optimizer.clip_norm(), "0 (no clipping) or more");
  }
  if (!optimizer.has_muon()) return absl::OkStatus();
  const v1::Optimizer::Muon& muon = optimizer.muon();
  if (!(muon.learning_rate() > 0 && std::isfinite(muon.learning_rate()))) {
    return Invalid(kind, "optimizer.muon.learning_rate", muon.learning_rate(), "above 0, finite");
  }
  if (!(muon.momentum() >= 0 && muon.momentum() < 1)) {
    return Invalid(kind, "optimizer.muon.momentum", muon.momentum(), "0 (for 0.95) up to below 1");
  }
  if (!(muon.row_beta() >= 0 && muon.row_beta() < 1)) {
    return Invalid(kind, "optimizer.muon.row_beta", muon.row_beta(), "0 (for 0.95) up to below 1");
  }
  return absl::OkStatus();
}

float LearningRate(const v1::Schedule& schedule, float peak, uint64_t step, uint64_t steps) {
  const uint64_t warmup = schedule.warmup_steps();
  if (step < warmup) return peak * static_cast<float>(step + 1) / static_cast<float>(warmup);
  const double last = schedule.final_fraction();
  // How much of the descent is done, 1 at the last step.
  const auto done = [&](uint64_t begin) {
    if (step < begin) return 0.0;
    return static_cast<double>(step - begin + 1) / static_cast<double>(std::max<uint64_t>(1, steps - begin));
  };
  if (schedule.shape() == v1::Schedule::COSINE) {
    const double wave = 0.5 * (1.0 + std::cos(std::numbers::pi * std::min(1.0, done(warmup))));
    return static_cast<float>(peak * (last + (1.0 - last) * wave));
  }
  const bool wsd = schedule.shape() == v1::Schedule::WSD && schedule.decay_steps() > 0;
  if (wsd || schedule.shape() == v1::Schedule::LINEAR) {
    const double line = 1.0 - std::min(1.0, done(wsd ? steps - schedule.decay_steps() : warmup));
    return static_cast<float>(peak * (last + (1.0 - last) * line));
  }
  return peak;
}

}  // namespace bonsai
