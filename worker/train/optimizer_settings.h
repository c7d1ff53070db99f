// What an optimizer's spec says, with its defaults: one reading of it for the CPU's optimizer and the GPU's.
#ifndef BONSAI_WORKER_TRAIN_OPTIMIZER_SETTINGS_H_
#define BONSAI_WORKER_TRAIN_OPTIMIZER_SETTINGS_H_

#include "bonsai/v1/spec.pb.h"

namespace bonsai {

struct OptimizerSettings {
  // `spec` has been validated (learning_rate.h); zeros stand for the defaults.
  explicit OptimizerSettings(const v1::Optimizer& spec)
      : beta1(ValueOr(spec.beta1(), 0.9f)),
        beta2(ValueOr(spec.beta2(), 0.95f)),
        epsilon(ValueOr(spec.epsilon(), 1e-8f)),
        weight_decay(spec.weight_decay()),
        clip_norm(spec.clip_norm()),
        muon(spec.has_muon()),
        normalize_rows(spec.muon().normalize_rows()),
        muon_rate_ratio(muon ? spec.muon().learning_rate() / spec.learning_rate() : 0),
        momentum(ValueOr(spec.muon().momentum(), 0.95f)),
        row_beta(ValueOr(spec.muon().row_beta(), 0.95f)) {}

  float beta1, beta2, epsilon, weight_decay;
  float clip_norm;  // 0: none
  bool muon, normalize_rows;
  float muon_rate_ratio;  // Muon's learning rate is AdamW's times this
  float momentum, row_beta;

 private:
  static float ValueOr(float value, float fallback) { return value == 0 ? fallback : value; }
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_OPTIMIZER_SETTINGS_H_
