#include "worker/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

float ValueOr(float value, float fallback) { return value == 0 ? fallback : value; }

}  // namespace

Optimizer::Optimizer(const ParameterLayout& layout, const Kernels& kernels, const v1::Optimizer& spec,
                     int threads, const WidthTransfer& transfer)
    : layout_(layout),
      kernels_(kernels),
      beta1_(ValueOr(spec.beta1(), 0.9f)),
      beta2_(ValueOr(spec.beta2(), 0.95f)),
      epsilon_(ValueOr(spec.epsilon(), 1e-8f)),
      weight_decay_(spec.weight_decay()),
      clip_norm_(spec.clip_norm()),
      muon_(spec.has_muon()),
      normalize_rows_(spec.muon().normalize_rows()),
      muon_rate_ratio_(muon_ ? spec.muon().learning_rate() / spec.learning_rate() : 0),
      momentum_(ValueOr(spec.muon().momentum(), 0.95f)),
      row_beta_(ValueOr(spec.muon().row_beta(), 0.95f)),
      works_(std::max(1, threads)),
      moment1_(layout.size()),
      moment2_(layout.size()) {
  for (const ParameterBlock& block : layout.blocks()) {
    rate_factors_.push_back(transfer.RateFactor(block.spec));
  }
  if (!muon_) return;
  for (const ParameterBlock& block : layout.blocks()) {
    if (block.spec.layer >= 0 && block.spec.shape.size() == 2) matrices_.push_back(&block);
  }
  std::stable_sort(matrices_.begin(), matrices_.end(),
                   [](const ParameterBlock* a, const ParameterBlock* b) { return a->size > b->size; });
}

void Optimizer::Restore(std::vector<float> moment1, std::vector<float> moment2) {
  moment1_ = std::move(moment1);
  moment2_ = std::move(moment2);
}

double Optimizer::Norm(absl::Span<const float> gradient) const {
  return std::sqrt(kernels_.sum_of_squares(gradient.data(), static_cast<int64_t>(gradient.size())));
}

void Optimizer::Apply(uint64_t update, float learning_rate, double norm, absl::Span<const float> gradient,
                      absl::Span<float> parameters) {
  const double t = static_cast<double>(update);
  const float scale = clip_norm_ > 0 && norm > clip_norm_ ? static_cast<float>(clip_norm_ / norm) : 1.0f;
  AdamwConstants constants = {
      .learning_rate = learning_rate,
      .beta1 = beta1_,
      .beta2 = beta2_,
      .epsilon = epsilon_,
      .weight_decay = 0,
      .gradient_scale = scale,
      .bias1 = static_cast<float>(1.0 - std::pow(double{beta1_}, t)),
      .bias2 = static_cast<float>(1.0 - std::pow(double{beta2_}, t)),
  };
  ShareOut(works_.size(), matrices_.size(), [&](size_t thread, size_t i) {
    const ParameterBlock& block = *matrices_[i];
    ApplyMuon(block, learning_rate * muon_rate_ratio_, scale, gradient.data() + block.offset,
              parameters.data() + block.offset, works_[thread]);
  });
  const std::vector<ParameterBlock>& blocks = layout_.blocks();
  ShareOut(works_.size(), blocks.size(), [&](size_t, size_t i) {
    const ParameterBlock& block = blocks[i];
    const bool matrix = block.spec.shape.size() >= 2;
    if (muon_ && matrix && block.spec.layer >= 0) return;
    AdamwConstants own = constants;
    own.learning_rate *= rate_factors_[i];
    // The product of both is what a value loses.
    own.weight_decay = matrix ? weight_decay_ / rate_factors_[i] : 0.0f;
    kernels_.adamw(own, parameters.data() + block.offset, gradient.data() + block.offset,
                   moment1_.data() + block.offset, moment2_.data() + block.offset, block.size);
  });
}

void Optimizer::ApplyMuon(const ParameterBlock& block, float learning_rate, float gradient_scale,
                          const float* gradient, float* parameters, MatrixWork& work) {
  const int64_t rows = block.spec.shape[0], cols = block.spec.shape[1];
  float* momentum = moment1_.data() + block.offset;
  std::vector<float>& step = work.step;
  step.resize(block.size);
  for (int64_t i = 0; i < block.size; ++i) {
    const float g = gradient[i] * gradient_scale;
    momentum[i] = momentum_ * momentum[i] + (1.0f - momentum_) * g;
    step[i] = momentum_ * momentum[i] + (1.0f - momentum_) * g;  // Nesterov's look ahead
  }
  work.orthogonalizer.Apply(step.data(), rows, cols);
  if (normalize_rows_) NormalizeRows(block, step);
  // A tall matrix gets longer steps, so that its output changes as much as a wide one's.
  const float ratio = static_cast<float>(rows) / static_cast<float>(cols);
  const float length = learning_rate * std::sqrt(std::max(1.0f, ratio));
  const float keep = 1.0f - learning_rate * weight_decay_;
  for (int64_t i = 0; i < block.size; ++i) parameters[i] = parameters[i] * keep - length * step[i];
}

// NorMuon (Li et al. 2025): divides each row by the root of its running mean square, and keeps the step's
// Frobenius norm.
void Optimizer::NormalizeRows(const ParameterBlock& block, std::vector<float>& step) {
  const int64_t rows = block.spec.shape[0], cols = block.spec.shape[1];
  float* means = moment2_.data() + block.offset;
  double before = 0, after = 0;
  for (int64_t r = 0; r < rows; ++r) {
    float* row = step.data() + r * cols;
    const double square = kernels_.sum_of_squares(row, cols);
    means[r] =
        row_beta_ * means[r] + (1.0f - row_beta_) * static_cast<float>(square / static_cast<double>(cols));
    const float inverse = 1.0f / (std::sqrt(means[r]) + 1e-10f);
    for (int64_t c = 0; c < cols; ++c) row[c] *= inverse;
    before += square;
    after += square * double{inverse} * double{inverse};
  }
  if (after == 0) return;
  const float keep = static_cast<float>(std::sqrt(before / after));
  for (float& value : step) value *= keep;
}

}  // namespace bonsai
