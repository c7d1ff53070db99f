// The gradient of several batches, summed in a fixed binary tree: the same bits for any number of threads,
// and, over ranks that each hold an aligned part of the tree (RankGroup::SumInTree), for any number of those.
//
// Used by one thread at a time; it shares the work out to its own.
#ifndef BONSAI_WORKER_TRAIN_GRADIENT_TREE_H_
#define BONSAI_WORKER_TRAIN_GRADIENT_TREE_H_

#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "worker/train/llama_pass.h"
#include "worker/train/low_rank_model.h"

namespace bonsai {

class GradientTree {
 public:
  // `layout` outlives this. Memory: for each thread the logarithm of its batches' number in gradients.
  // With `low_rank`, which has been loaded before each Sum, the gradient is that of its adapters, while
  // `layout` and what is loaded here are the changed model's.
  GradientTree(const ParameterLayout& layout, const Kernels& kernels, int threads,
               const LlamaPassOptions& options = {}, const LowRankModel* low_rank = nullptr);

  // The parameters of the calls that follow, as for TrainStep.
  void Load(absl::Span<const float> parameters) { weights_.Load(parameters); }

  // Replaces `gradient` by `scale` times the gradient of the summed cross-entropies of `batches`, of which
  // there are a power of two; one may have no rows. Returns that sum, in nats.
  double Sum(absl::Span<const TokenBatch> batches, float scale, absl::Span<float> gradient);

 private:
  struct Branch {  // a thread's
    std::unique_ptr<BatchPass> pass;
    std::vector<std::vector<float>> buffers;  // one for each level below the thread's root
    std::vector<float> root;                  // of all but the first
  };

  double SumBranch(absl::Span<const TokenBatch> batches, float scale, size_t level, Branch& branch,
                   absl::Span<float> gradient);

  const Kernels& kernels_;
  const size_t size_;
  LlamaWeights weights_;
  std::vector<Branch> branches_;  // a power of two of them
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_GRADIENT_TREE_H_
