#include "worker/train/parameter_layout.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

using edge::TensorRole;

bool WritesResidual(TensorRole role) {
  return role == TensorRole::kAttentionOutput || role == TensorRole::kDown;
}

}  // namespace

absl::StatusOr<ParameterLayout> ParameterLayout::Create(const edge::ModelConfig& config) {
  std::string error;
  if (!edge::ValidateConfig(config, &error)) return absl::InvalidArgumentError(error);
  ParameterLayout layout;
  layout.config_ = config;
  const bool gated = config.activation == edge::Activation::kSwiglu;
  TensorRole previous = TensorRole::kFinalNorm;
  for (edge::TensorSpec& spec : edge::ListTensors(config)) {
    const bool follows = (spec.role != TensorRole::kKey || previous == TensorRole::kQuery) &&
                         (spec.role != TensorRole::kValue || previous == TensorRole::kKey) &&
                         (spec.role != TensorRole::kUp || !gated || previous == TensorRole::kGate);
    if (!follows) return absl::InternalError(absl::StrCat("ListTensors: ", spec.name, " is out of order"));
    previous = spec.role;
    layout.Append(std::move(spec));
  }
  return layout;
}

ParameterLayout ParameterLayout::OfTensors(const edge::ModelConfig& config,
                                           std::vector<edge::TensorSpec> tensors) {
  ParameterLayout layout;
  layout.config_ = config;
  for (edge::TensorSpec& spec : tensors) layout.Append(std::move(spec));
  return layout;
}

void ParameterLayout::Append(edge::TensorSpec spec) {
  int64_t size = 1;
  for (const int64_t extent : spec.shape) size *= extent;
  blocks_.push_back({std::move(spec), size_, size});
  size_ += size;
}

int64_t ParameterLayout::Offset(TensorRole role, int32_t layer) const {
  for (const ParameterBlock& block : blocks_) {
    if (block.spec.role == role && block.spec.layer == layer) return block.offset;
  }
  std::fprintf(stderr, "ParameterLayout: no tensor of role %d in layer %d\n", static_cast<int>(role), layer);
  std::abort();
}

void InitializeParameters(const ParameterLayout& layout, uint64_t seed, absl::Span<float> parameters) {
  const float residual_deviation = 0.02f / std::sqrt(2.0f * static_cast<float>(layout.config().layers));
  for (size_t t = 0; t < layout.blocks().size(); ++t) {
    const ParameterBlock& block = layout.blocks()[t];
    const absl::Span<float> values = parameters.subspan(block.offset, block.size);
    if (block.spec.shape.size() < 2) {
      for (float& value : values) value = 1.0f;
      continue;
    }
    const float deviation = WritesResidual(block.spec.role) ? residual_deviation : 0.02f;
    const uint64_t key = RandomBits(seed, t);
    for (size_t i = 0; i < values.size(); ++i) values[i] = deviation * NormalOf(RandomBits(key, i));
  }
}

}  // namespace bonsai
