// Where each tensor of a model lies in the flat buffers of a trainer. Parameters, gradients and the
// optimizer's moments all have this layout: the tensors of edge::ListTensors, in that order, row-major,
// without gaps.
//
// Immutable; safe for concurrent use.
#ifndef BONSAI_WORKER_TRAIN_PARAMETER_LAYOUT_H_
#define BONSAI_WORKER_TRAIN_PARAMETER_LAYOUT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "edge_runtime/model/config.h"

namespace bonsai {

struct ParameterBlock {
  edge::TensorSpec spec;
  int64_t offset;  // in values
  int64_t size;
};

class ParameterLayout {
 public:
  // InvalidArgument if the config does not validate. Internal if query, key and value or gate and up are not
  // neighbours, which the step's fused products rely on.
  static absl::StatusOr<ParameterLayout> Create(const edge::ModelConfig& config);

  // Other tensors that belong to such a model, in their order. No promise about neighbours.
  static ParameterLayout OfTensors(const edge::ModelConfig& config, std::vector<edge::TensorSpec> tensors);

  const edge::ModelConfig& config() const { return config_; }
  const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  int64_t size() const { return size_; }

  // The offset of the tensor with this role; layer is -1 outside of layers. The tensor must exist.
  int64_t Offset(edge::TensorRole role, int32_t layer) const;

 private:
  void Append(edge::TensorSpec spec);

  edge::ModelConfig config_;
  std::vector<ParameterBlock> blocks_;
  int64_t size_ = 0;
};

// Fills `parameters` (layout.size() values): norms with 1; matrices with normal(0, 0.02), those that write
// into the residual stream (attention output, down) scaled by 1 / sqrt(2 layers) (Radford et al. 2019). A
// value depends on the seed, its tensor's index and its place in the tensor, on nothing else.
void InitializeParameters(const ParameterLayout& layout, uint64_t seed, absl::Span<float> parameters);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_PARAMETER_LAYOUT_H_
