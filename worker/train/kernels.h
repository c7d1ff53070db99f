// The elementwise and reducing loops of a training step, as a table of plain functions. One file of bodies
// (kernels_body.inc) is compiled for each instruction set; SelectKernels takes the best that this CPU has.
//
// All matrices are row-major float32 without gaps unless a stride is named. Every function works on the
// calling thread alone and gives the same bits for the same input; results differ between instruction sets by
// rounding.
#ifndef BONSAI_WORKER_TRAIN_KERNELS_H_
#define BONSAI_WORKER_TRAIN_KERNELS_H_

#include <cstdint>
#include <vector>

namespace bonsai {

// One step's constants of AdamW (Loshchilov and Hutter 2019, algorithm 2).
struct AdamwConstants {
  float learning_rate;
  float beta1;
  float beta2;
  float epsilon;
  float weight_decay;
  float gradient_scale;  // the clip factor
  float bias1;           // 1 - beta1^t
  float bias2;           // 1 - beta2^t
};

struct Kernels {
  const char* name;  // "avx512", "avx2", "portable"

  // y = x * inverse_rms * weight by rows; inverse_rms[row] = 1 / sqrt(mean(x^2) + epsilon).
  void (*rms_norm)(const float* x, const float* weight, int64_t rows, int64_t cols, float epsilon, float* y,
                   float* inverse_rms);
  // y = x * inverse_rms * weight with inverse_rms given.
  void (*apply_norm)(const float* x, const float* weight, const float* inverse_rms, int64_t rows,
                     int64_t cols, float* y);
  // Adds the gradient of rms_norm to dx and dweight. dy is the gradient of y.
  void (*rms_norm_backward)(const float* dy, const float* x, const float* weight, const float* inverse_rms,
                            int64_t rows, int64_t cols, float* dx, float* dweight);

  // Rotates, in place, the first `heads` heads of `head_dim` values in each row: halves (a, b) become
  // (a cos - b sin, b cos + a sin). Rows are `stride` apart; row r is at position r % positions of the tables
  // cosine and sine [positions, head_dim / 2]. sign = -1 turns back, which is also the gradient.
  void (*rotate)(float* x, int64_t rows, int64_t stride, int64_t heads, int64_t head_dim, int64_t positions,
                 const float* cosine, const float* sine, float sign);

  // out[rows, hidden] = silu(gate) * up, where gate_up[rows, 2 hidden] holds gate and then up in each row.
  void (*swiglu)(const float* gate_up, int64_t rows, int64_t hidden, float* out);
  // gate_up becomes its own gradient; dout, the gradient of `out`, becomes `out` again (recomputed).
  void (*swiglu_backward)(float* gate_up, float* dout, int64_t rows, int64_t hidden);

  // out[i] = relu(up[i])^2.
  void (*relu_squared)(const float* up, int64_t count, float* out);
  // up becomes its own gradient; dout, the gradient of `out`, becomes `out` again (recomputed).
  void (*relu_squared_backward)(float* up, float* dout, int64_t count);

  // Softmax in place of scores[rows, cols] * scale, where row i may see columns 0 .. first + i; the rest
  // becomes 0. log_sum[i] is the logarithm of the row's sum of exponentials.
  void (*causal_softmax)(float* scores, int64_t rows, int64_t cols, int64_t first, float scale,
                         float* log_sum);
  // Makes probabilities of scores again from log_sum.
  void (*causal_probabilities)(float* scores, int64_t rows, int64_t cols, int64_t first, float scale,
                               const float* log_sum);
  // d_probabilities becomes the gradient of the scores: p * (dp - dot[row]) * scale.
  void (*softmax_backward)(const float* probabilities, float* d_probabilities, const float* dot, int64_t rows,
                           int64_t cols, float scale);
  // out[row] = sum of a * b over a row's cols values; rows are `stride` apart in both.
  void (*row_dot)(const float* a, const float* b, int64_t rows, int64_t cols, int64_t stride, float* out);

  // Returns the summed cross-entropy, in nats, of the rows whose target is not negative. logits become the
  // gradient, times `scale`, of that plus z_loss * (log of a row's sum of exponentials)^2 (Chowdhery et al.
  // 2022); rows without a target become 0.
  double (*cross_entropy)(float* logits, const int32_t* targets, int64_t rows, int64_t cols, float scale,
                          float z_loss);

  // logits become cap * tanh(logits / cap).
  void (*soft_cap)(float* logits, int64_t count, float cap);
  // d, the gradient of capped logits, becomes that of the logits that they were made of.
  void (*soft_cap_backward)(const float* capped, float* d, int64_t count, float cap);

  void (*add)(float* sum, const float* x, int64_t count);
  double (*sum_of_squares)(const float* x, int64_t count);
  // moment1 and moment2 are Adam's running means.
  void (*adamw)(const AdamwConstants& constants, float* parameters, const float* gradient, float* moment1,
                float* moment2, int64_t count);
};

// The best for this CPU.
const Kernels& SelectKernels();

// All that this CPU can run, the portable one first: for tests.
std::vector<const Kernels*> RunnableKernels();

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_KERNELS_H_
