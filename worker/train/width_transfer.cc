#include "worker/train/width_transfer.h"

#include <cmath>

namespace bonsai {
namespace {

using edge::TensorRole;

bool IsMatrixOfALayer(const edge::TensorSpec& spec) { return spec.layer >= 0 && spec.shape.size() >= 2; }

}  // namespace

WidthTransfer::WidthTransfer(const edge::ModelConfig& config, uint32_t base_dim)
    : ratio_(base_dim == 0 ? 1.0f : static_cast<float>(base_dim) / static_cast<float>(config.dim)),
      tied_(config.tied_embeddings) {}

bool WidthTransfer::ScalesLogits(const edge::TensorSpec& spec) const {
  return spec.role == (tied_ ? TensorRole::kFinalNorm : TensorRole::kOutput);
}

float WidthTransfer::InitialFactor(const edge::TensorSpec& spec) const {
  if (IsMatrixOfALayer(spec)) return std::sqrt(ratio_);
  return ScalesLogits(spec) ? ratio_ : 1.0f;
}

float WidthTransfer::RateFactor(const edge::TensorSpec& spec) const {
  return IsMatrixOfALayer(spec) || ScalesLogits(spec) ? ratio_ : 1.0f;
}

void WidthTransfer::ScaleInitialValues(const ParameterLayout& layout, absl::Span<float> parameters) const {
  for (const ParameterBlock& block : layout.blocks()) {
    const float factor = InitialFactor(block.spec);
    for (float& value : parameters.subspan(block.offset, block.size)) value *= factor;
  }
}

}  // namespace bonsai
