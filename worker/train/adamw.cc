#include "worker/train/adamw.h"

#include <cmath>
#include <utility>

namespace bonsai {
namespace {

float ValueOr(float value, float fallback) { return value == 0 ? fallback : value; }

}  // namespace

Adamw::Adamw(const ParameterLayout& layout, const Kernels& kernels, const v1::Optimizer& optimizer)
    : layout_(layout),
      kernels_(kernels),
      beta1_(ValueOr(optimizer.beta1(), 0.9f)),
      beta2_(ValueOr(optimizer.beta2(), 0.95f)),
      epsilon_(ValueOr(optimizer.epsilon(), 1e-8f)),
      weight_decay_(optimizer.weight_decay()),
      clip_norm_(optimizer.clip_norm()),
      moment1_(layout.size()),
      moment2_(layout.size()) {}

void Adamw::Restore(std::vector<float> moment1, std::vector<float> moment2) {
  moment1_ = std::move(moment1);
  moment2_ = std::move(moment2);
}

double Adamw::Apply(uint64_t update, float learning_rate, absl::Span<const float> gradient,
                    absl::Span<float> parameters) {
  const double norm =
      std::sqrt(kernels_.sum_of_squares(gradient.data(), static_cast<int64_t>(gradient.size())));
  if (!std::isfinite(norm)) return norm;
  const double t = static_cast<double>(update);
  AdamwConstants constants = {
      .learning_rate = learning_rate,
      .beta1 = beta1_,
      .beta2 = beta2_,
      .epsilon = epsilon_,
      .weight_decay = 0,
      .gradient_scale = clip_norm_ > 0 && norm > clip_norm_ ? static_cast<float>(clip_norm_ / norm) : 1.0f,
      .bias1 = static_cast<float>(1.0 - std::pow(double{beta1_}, t)),
      .bias2 = static_cast<float>(1.0 - std::pow(double{beta2_}, t)),
  };
  for (const ParameterBlock& block : layout_.blocks()) {
    constants.weight_decay = block.spec.shape.size() >= 2 ? weight_decay_ : 0.0f;
    kernels_.adamw(constants, parameters.data() + block.offset, gradient.data() + block.offset,
                   moment1_.data() + block.offset, moment2_.data() + block.offset, block.size);
  }
  return norm;
}

}  // namespace bonsai
