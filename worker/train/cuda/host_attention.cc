#include "worker/train/cuda/host_attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/cuda/host_cells.h"

namespace bonsai::cuda {
namespace {

// A head of one sequence, as f32.
struct Head {
  Head(const AttentionSizes& sizes, Cells qkv, int64_t row, int64_t head)
      : width(sizes.head_dim), kv_head(head / (sizes.heads / sizes.kv_heads)) {
    for (int64_t t = 0; t < sizes.positions; ++t) {
      const int64_t begin = (row * sizes.positions + t) * sizes.qkv_width();
      for (int64_t d = 0; d < width; ++d) {
        query.push_back(Get(qkv, begin + head * width + d));
        key.push_back(Get(qkv, begin + (sizes.heads + kv_head) * width + d));
        value.push_back(Get(qkv, begin + (sizes.heads + sizes.kv_heads + kv_head) * width + d));
      }
    }
  }

  int64_t width, kv_head;
  std::vector<float> query, key, value;
};

float Dot(const float* a, const float* b, int64_t count) {
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

float ScaleOf(const AttentionSizes& sizes) { return 1.0f / std::sqrt(static_cast<float>(sizes.head_dim)); }

template <typename Visit>
void ForEachHead(const AttentionSizes& sizes, Cells qkv, const Visit& visit) {
  for (int64_t row = 0; row < sizes.rows; ++row) {
    for (int64_t head = 0; head < sizes.heads; ++head) visit(row, head, Head(sizes, qkv, row, head));
  }
}

int64_t OutAt(const AttentionSizes& sizes, int64_t row, int64_t head, int64_t position) {
  return (row * sizes.positions + position) * sizes.out_width() + head * sizes.head_dim;
}

}  // namespace

void HostAttend(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum) {
  ForEachHead(sizes, qkv, [&](int64_t row, int64_t head, const Head& h) {
    std::vector<float> scores(sizes.positions), sum_row(h.width);
    for (int64_t q = 0; q < sizes.positions; ++q) {
      float top = -INFINITY, sum = 0;
      for (int64_t k = 0; k <= q; ++k) {
        scores[k] = Dot(&h.query[q * h.width], &h.key[k * h.width], h.width) * ScaleOf(sizes);
        top = std::max(top, scores[k]);
      }
      std::fill(sum_row.begin(), sum_row.end(), 0.0f);
      for (int64_t k = 0; k <= q; ++k) {
        const float weight = std::exp(scores[k] - top);
        sum += weight;
        for (int64_t d = 0; d < h.width; ++d) sum_row[d] += weight * h.value[k * h.width + d];
      }
      for (int64_t d = 0; d < h.width; ++d) Set(out, OutAt(sizes, row, head, q) + d, sum_row[d] / sum);
      log_sum[(row * sizes.heads + head) * sizes.positions + q] = top + std::log(sum);
    }
  });
}

void HostAttendGradient(const AttentionSizes& sizes, Cells qkv, Cells out, const float* log_sum, Cells d_out,
                        Cells d_qkv) {
  const int64_t values = sizes.rows * sizes.positions * sizes.qkv_width();
  std::vector<float> gradient(values, 0.0f);  // several heads add to a key
  ForEachHead(sizes, qkv, [&](int64_t row, int64_t head, const Head& h) {
    const int64_t width = h.width;
    std::vector<float> d_own(width);
    const auto at = [&](int64_t position, int64_t own_head) {
      return gradient.data() + (row * sizes.positions + position) * sizes.qkv_width() + own_head * width;
    };
    for (int64_t q = 0; q < sizes.positions; ++q) {
      float dot = 0;
      for (int64_t d = 0; d < width; ++d) {
        d_own[d] = Get(d_out, OutAt(sizes, row, head, q) + d);
        dot += d_own[d] * Get(out, OutAt(sizes, row, head, q) + d);
      }
      const float base = log_sum[(row * sizes.heads + head) * sizes.positions + q];
      for (int64_t k = 0; k <= q; ++k) {
        const float score = Dot(&h.query[q * width], &h.key[k * width], width) * ScaleOf(sizes);
        const float probability = std::exp(score - base);
        const float d_score =
            probability * (Dot(d_own.data(), &h.value[k * width], width) - dot) * ScaleOf(sizes);
        float* d_query = at(q, head);
        float* d_key = at(k, sizes.heads + h.kv_head);
        float* d_value = at(k, sizes.heads + sizes.kv_heads + h.kv_head);
        for (int64_t d = 0; d < width; ++d) {
          d_query[d] += d_score * h.key[k * width + d];
          d_key[d] += d_score * h.query[q * width + d];
          d_value[d] += probability * d_own[d];
        }
      }
    }
  });
  for (int64_t i = 0; i < values; ++i) Set(d_qkv, i, gradient[i]);
}

}  // namespace bonsai::cuda
