// A frozen model and low-rank changes to the matrices inside of its layers (LoRA, Hu et al. 2021): W becomes
// W + scale B A, where A is [rank, in] and B [out, rank]. Only the As and Bs are trained, so a run's
// parameters, moments, checkpoints and sums over ranks are theirs, in a layout of their own.
//
// The changed model is made anew after each update, and passes run on that; a gradient of it is pulled back
// to A and B: dB = scale dW A^T, dA = scale B^T dW. One thread loads; the other functions may then be called
// by several at a time.
#ifndef BONSAI_WORKER_TRAIN_LOW_RANK_MODEL_H_
#define BONSAI_WORKER_TRAIN_LOW_RANK_MODEL_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/train_step.h"

namespace bonsai {

struct LowRankShape {
  uint32_t rank = 1;
  float alpha = 2;  // the scale is alpha / rank
};

class LowRankModel {
 public:
  // `layout` is the frozen parameters', and outlives this.
  LowRankModel(const ParameterLayout& layout, std::vector<float> frozen, const LowRankShape& shape,
               int threads);

  // Where the adapters of such a rank lie: the As and Bs, by turns, in the order of the layers' matrices;
  // named as PEFT names them.
  static ParameterLayout AdapterLayout(const ParameterLayout& model, uint32_t rank);

  const ParameterLayout& model_layout() const { return model_layout_; }
  const LowRankShape& shape() const { return shape_; }

  const ParameterLayout& layout() const { return layout_; }  // the adapters'

  // A normal with deviation 1 / sqrt(in), B zero: the model is at first as it was.
  void Initialize(uint64_t seed, absl::Span<float> adapters) const;

  // Returns the changed model, which stays until the next call. `adapters` must stay as they are until then,
  // too.
  absl::Span<const float> Load(absl::Span<const float> adapters);

  // Adds to `gradient`, of the adapters, what `model_gradient`, of the changed model, is for them.
  void AddPulledBack(absl::Span<const float> model_gradient, absl::Span<float> gradient) const;

 private:
  struct Change {  // of one matrix; offsets into the layouts
    int64_t matrix, rows, cols, a, b;
  };

  void Merge(const Change& change);

  const ParameterLayout& model_layout_;
  const LowRankShape shape_;
  const size_t threads_;
  const std::vector<float> frozen_;
  std::vector<Change> changes_;
  ParameterLayout layout_;
  std::vector<float> merged_;
  absl::Span<const float> adapters_;
};

// A pass over the changed model (made with LlamaPassOptions::layers_only, or it does more than is asked)
// whose gradient is the adapters'. `model` outlives it, and has been loaded.
std::unique_ptr<BatchPass> CreateLowRankPass(const LowRankModel& model, std::unique_ptr<BatchPass> pass);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LOW_RANK_MODEL_H_
