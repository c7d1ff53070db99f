// Causal grouped-query attention and its gradient, a block of queries at a time: probabilities are made again
// for the gradient from their logarithmic sums, so nothing of the size positions^2 is kept (Dao et al. 2022
// without the tiles of keys). Documents that share a row are worked on one by one, each as if it were a row.
//
// Used by one thread at a time: it owns its scratch memory.
#ifndef BONSAI_WORKER_TRAIN_ATTENTION_H_
#define BONSAI_WORKER_TRAIN_ATTENTION_H_

#include <cstdint>
#include <vector>

#include "worker/train/kernels.h"

namespace bonsai {

struct AttentionShape {
  int64_t rows;  // sequences
  int64_t positions;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim;
  // As TokenBatch's: what a position does not see costs nothing. Null: each row is one document.
  const int32_t* begins = nullptr;

  int64_t qkv_width() const { return (heads + 2 * kv_heads) * head_dim; }
  int64_t out_width() const { return heads * head_dim; }
};

class CausalAttention {
 public:
  explicit CausalAttention(const Kernels& kernels) : kernels_(kernels) {}

  // qkv[rows * positions, qkv_width]: queries, keys, values, positions already applied. Writes out[rows *
  // positions, out_width] and log_sum[rows, heads, positions].
  void Forward(const AttentionShape& shape, const float* qkv, float* out, float* log_sum);

  // Writes dqkv from dout, the gradient of out.
  void Backward(const AttentionShape& shape, const float* qkv, const float* out, const float* log_sum,
                const float* dout, float* dqkv);

 private:
  // Queries `first` .. `first` + count - 1 of the document that begins at position `document` of the row.
  void BackwardBlock(const AttentionShape& shape, int64_t row, int64_t document, int64_t head, int64_t first,
                     int64_t count, const float* qkv, const float* out, const float* log_sum,
                     const float* dout, float* dqkv);

  const Kernels& kernels_;
  std::vector<float> scores_;
  std::vector<float> d_scores_;
  std::vector<float> dot_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_ATTENTION_H_
