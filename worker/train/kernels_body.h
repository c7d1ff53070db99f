// The bodies behind kernels.h, compiled once for each instruction set: a .cc file defines
// BONSAI_KERNELS_TABLE (the table's name) and BONSAI_KERNELS_NAME, then includes this. Loops are written for
// the compiler to vectorise; nothing from the standard library is inlined here, lest another file be linked
// with code for a CPU that is not there.
#include <cstdint>

#include "worker/train/kernels.h"

namespace bonsai {
namespace {

// e^x to about 2 ulp: x = n ln2 + r, a polynomial for e^r, n added to the exponent. Below -87 it is about
// 1e-38, not 0; NaN stays NaN.
inline float Exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const float shifted = x * 1.44269504f + magic;
  const float n = shifted - magic;
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t exponent = __builtin_bit_cast(uint32_t, shifted) - __builtin_bit_cast(uint32_t, magic);
  return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, p) + (exponent << 23));
}

void ApplyNorm(const float* __restrict x, const float* __restrict weight, const float* __restrict inverse_rms,
               int64_t rows, int64_t cols, float* __restrict y) {
  for (int64_t r = 0; r < rows; ++r) {
    const float scale = inverse_rms[r];
    for (int64_t c = 0; c < cols; ++c) y[r * cols + c] = x[r * cols + c] * scale * weight[c];
  }
}

void RmsNorm(const float* __restrict x, const float* __restrict weight, int64_t rows, int64_t cols,
             float epsilon, float* __restrict y, float* __restrict inverse_rms) {
  for (int64_t r = 0; r < rows; ++r) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < cols; ++c) sum += x[r * cols + c] * x[r * cols + c];
    const float scale = 1.0f / __builtin_sqrtf(sum / static_cast<float>(cols) + epsilon);
    inverse_rms[r] = scale;
    for (int64_t c = 0; c < cols; ++c) y[r * cols + c] = x[r * cols + c] * scale * weight[c];
  }
}

void RmsNormBackward(const float* __restrict dy, const float* __restrict x, const float* __restrict weight,
                     const float* __restrict inverse_rms, int64_t rows, int64_t cols, float* __restrict dx,
                     float* __restrict dweight) {
  for (int64_t r = 0; r < rows; ++r) {
    const float scale = inverse_rms[r];
    const float* dy_row = dy + r * cols;
    const float* x_row = x + r * cols;
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t c = 0; c < cols; ++c) dot += dy_row[c] * weight[c] * x_row[c];
    const float pull = dot * scale * scale * scale / static_cast<float>(cols);
    for (int64_t c = 0; c < cols; ++c) {
      dweight[c] += dy_row[c] * x_row[c] * scale;
      dx[r * cols + c] += dy_row[c] * weight[c] * scale - x_row[c] * pull;
    }
  }
}

void Rotate(float* __restrict x, int64_t rows, int64_t stride, int64_t heads, int64_t head_dim,
            int64_t positions, const float* __restrict cosine, const float* __restrict sine, float sign) {
  const int64_t half = head_dim / 2;
  for (int64_t r = 0; r < rows; ++r) {
    const float* c = cosine + (r % positions) * half;
    const float* s = sine + (r % positions) * half;
    for (int64_t h = 0; h < heads; ++h) {
      float* a = x + r * stride + h * head_dim;
      float* b = a + half;
#pragma GCC ivdep
      for (int64_t i = 0; i < half; ++i) {
        const float turned_a = a[i] * c[i] - b[i] * s[i] * sign;
        const float turned_b = b[i] * c[i] + a[i] * s[i] * sign;
        a[i] = turned_a;
        b[i] = turned_b;
      }
    }
  }
}

void Swiglu(const float* __restrict gate_up, int64_t rows, int64_t hidden, float* __restrict out) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* gate = gate_up + r * 2 * hidden;
    const float* up = gate + hidden;
    float* row = out + r * hidden;
    for (int64_t c = 0; c < hidden; ++c) row[c] = gate[c] / (1.0f + Exp(-gate[c])) * up[c];
  }
}

void SwigluBackward(float* __restrict gate_up, float* __restrict dout, int64_t rows, int64_t hidden) {
  for (int64_t r = 0; r < rows; ++r) {
    float* gate = gate_up + r * 2 * hidden;
    float* up = gate + hidden;
    float* row = dout + r * hidden;
#pragma GCC ivdep
    for (int64_t c = 0; c < hidden; ++c) {
      const float g = gate[c];
      const float u = up[c];
      const float d = row[c];
      const float sigmoid = 1.0f / (1.0f + Exp(-g));
      const float silu = g * sigmoid;
      gate[c] = d * u * (sigmoid + silu * (1.0f - sigmoid));
      up[c] = d * silu;
      row[c] = silu * u;
    }
  }
}

void CausalSoftmax(float* __restrict scores, int64_t rows, int64_t cols, int64_t first, float scale,
                   float* __restrict log_sum) {
  for (int64_t r = 0; r < rows; ++r) {
    float* row = scores + r * cols;
    const int64_t seen = first + r + 1;
    float top = row[0];
#pragma omp simd reduction(max : top)
    for (int64_t c = 0; c < seen; ++c) top = row[c] > top ? row[c] : top;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < seen; ++c) {
      const float e = Exp((row[c] - top) * scale);
      row[c] = e;
      sum += e;
    }
    const float inverse = 1.0f / sum;
    for (int64_t c = 0; c < seen; ++c) row[c] *= inverse;
    for (int64_t c = seen; c < cols; ++c) row[c] = 0;
    log_sum[r] = top * scale + __builtin_logf(sum);
  }
}

void CausalProbabilities(float* __restrict scores, int64_t rows, int64_t cols, int64_t first, float scale,
                         const float* __restrict log_sum) {
  for (int64_t r = 0; r < rows; ++r) {
    float* row = scores + r * cols;
    const int64_t seen = first + r + 1;
    const float base = log_sum[r];
    for (int64_t c = 0; c < seen; ++c) row[c] = Exp(row[c] * scale - base);
    for (int64_t c = seen; c < cols; ++c) row[c] = 0;
  }
}

void SoftmaxBackward(const float* __restrict probabilities, float* __restrict d_probabilities,
                     const float* __restrict dot, int64_t rows, int64_t cols, float scale) {
  for (int64_t r = 0; r < rows; ++r) {
    const float base = dot[r];
    const float* p = probabilities + r * cols;
    float* d = d_probabilities + r * cols;
    for (int64_t c = 0; c < cols; ++c) d[c] = p[c] * (d[c] - base) * scale;
  }
}

void RowDot(const float* __restrict a, const float* __restrict b, int64_t rows, int64_t cols, int64_t stride,
            float* __restrict out) {
  for (int64_t r = 0; r < rows; ++r) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < cols; ++c) sum += a[r * stride + c] * b[r * stride + c];
    out[r] = sum;
  }
}

// One row of CrossEntropy that has a target.
inline double RowCrossEntropy(float* __restrict row, int32_t target, int64_t cols, float scale) {
  float top = row[0];
#pragma omp simd reduction(max : top)
  for (int64_t c = 0; c < cols; ++c) top = row[c] > top ? row[c] : top;
  const float wanted = row[target];
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < cols; ++c) {
    const float e = Exp(row[c] - top);
    row[c] = e;
    sum += e;
  }
  const float factor = scale / sum;
  for (int64_t c = 0; c < cols; ++c) row[c] *= factor;
  row[target] -= scale;
  return static_cast<double>(top) - static_cast<double>(wanted) + __builtin_log(static_cast<double>(sum));
}

double CrossEntropy(float* __restrict logits, const int32_t* __restrict targets, int64_t rows, int64_t cols,
                    float scale) {
  double loss = 0;
  for (int64_t r = 0; r < rows; ++r) {
    float* row = logits + r * cols;
    if (targets[r] >= 0) {
      loss += RowCrossEntropy(row, targets[r], cols, scale);
    } else {
      for (int64_t c = 0; c < cols; ++c) row[c] = 0;
    }
  }
  return loss;
}

void Add(float* __restrict sum, const float* __restrict x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) sum[i] += x[i];
}

// Blocks are summed in float, their sums in double.
double SumOfSquares(const float* __restrict x, int64_t count) {
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += 4096) {
    const int64_t end = begin + 4096 < count ? begin + 4096 : count;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; ++i) sum += x[i] * x[i];
    total += static_cast<double>(sum);
  }
  return total;
}

void Adamw(const AdamwConstants& k, float* __restrict parameters, const float* __restrict gradient,
           float* __restrict moment1, float* __restrict moment2, int64_t count) {
  const float step = k.learning_rate / k.bias1;
  const float inverse_bias2 = 1.0f / k.bias2;
  const float keep = 1.0f - k.learning_rate * k.weight_decay;
  const float beta1 = k.beta1, beta2 = k.beta2, epsilon = k.epsilon, gradient_scale = k.gradient_scale;
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * gradient_scale;
    const float m = beta1 * moment1[i] + (1.0f - beta1) * g;
    const float v = beta2 * moment2[i] + (1.0f - beta2) * g * g;
    moment1[i] = m;
    moment2[i] = v;
    parameters[i] = parameters[i] * keep - step * m / (__builtin_sqrtf(v * inverse_bias2) + epsilon);
  }
}

}  // namespace

extern const Kernels BONSAI_KERNELS_TABLE;
const Kernels BONSAI_KERNELS_TABLE = {
    .name = BONSAI_KERNELS_NAME,
    .rms_norm = RmsNorm,
    .apply_norm = ApplyNorm,
    .rms_norm_backward = RmsNormBackward,
    .rotate = Rotate,
    .swiglu = Swiglu,
    .swiglu_backward = SwigluBackward,
    .causal_softmax = CausalSoftmax,
    .causal_probabilities = CausalProbabilities,
    .softmax_backward = SoftmaxBackward,
    .row_dot = RowDot,
    .cross_entropy = CrossEntropy,
    .add = Add,
    .sum_of_squares = SumOfSquares,
    .adamw = Adamw,
};

}  // namespace bonsai
