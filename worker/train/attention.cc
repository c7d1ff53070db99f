#include "worker/train/attention.h"

#include <algorithm>
#include <cmath>

#include "worker/train/matmul.h"

namespace bonsai {
namespace {

// Queries that are worked on together: their scores stay in the second-level cache.
constexpr int64_t kBlock = 64;

// Where a head's queries, keys and values begin within a sequence.
struct HeadOffsets {
  int64_t query, key, value;
};

HeadOffsets OffsetsOf(const AttentionShape& shape, int64_t row, int64_t head) {
  const int64_t begin = row * shape.positions * shape.qkv_width();
  const int64_t kv_head = head / (shape.heads / shape.kv_heads);
  return {begin + head * shape.head_dim, begin + (shape.heads + kv_head) * shape.head_dim,
          begin + (shape.heads + shape.kv_heads + kv_head) * shape.head_dim};
}

float ScaleOf(const AttentionShape& shape) { return 1.0f / std::sqrt(static_cast<float>(shape.head_dim)); }

// Calls visit(first position, positions) for each document of a row, in order.
template <typename Visit>
void ForEachDocument(const AttentionShape& shape, int64_t row, const Visit& visit) {
  const int32_t* begins = shape.begins == nullptr ? nullptr : shape.begins + row * shape.positions;
  int64_t end = 0;
  for (int64_t begin = 0; begin < shape.positions; begin = end) {
    end = begins == nullptr ? shape.positions : begin + 1;
    while (end < shape.positions && begins[end] == begins[begin]) ++end;
    visit(begin, end - begin);
  }
}

}  // namespace

void CausalAttention::Forward(const AttentionShape& shape, const float* qkv, float* out, float* log_sum) {
  scores_.resize(kBlock * shape.positions);
  const int64_t stride = shape.qkv_width(), out_stride = shape.out_width(), width = shape.head_dim;
  const auto attend = [&](int64_t row, int64_t head, int64_t document, int64_t length) {
    const HeadOffsets at = OffsetsOf(shape, row, head);
    const float* query = qkv + at.query + document * stride;
    const float* key = qkv + at.key + document * stride;
    const float* value = qkv + at.value + document * stride;
    float* row_out = out + (row * shape.positions + document) * out_stride + head * width;
    float* sums = log_sum + (row * shape.heads + head) * shape.positions + document;
    for (int64_t first = 0; first < length; first += kBlock) {
      const int64_t count = std::min(kBlock, length - first), seen = first + count;
      Multiply(count, seen, width, {query + first * stride, stride}, {key, stride, Transpose::kYes}, 0,
               scores_.data(), seen);
      kernels_.causal_softmax(scores_.data(), count, seen, first, ScaleOf(shape), sums + first);
      Multiply(count, width, seen, {scores_.data(), seen}, {value, stride}, 0, row_out + first * out_stride,
               out_stride);
    }
  };
  for (int64_t row = 0; row < shape.rows; ++row) {
    for (int64_t head = 0; head < shape.heads; ++head) {
      ForEachDocument(shape, row,
                      [&](int64_t document, int64_t length) { attend(row, head, document, length); });
    }
  }
}

void CausalAttention::BackwardBlock(const AttentionShape& shape, int64_t row, int64_t document, int64_t head,
                                    int64_t first, int64_t count, const float* qkv, const float* out,
                                    const float* log_sum, const float* dout, float* dqkv) {
  const int64_t stride = shape.qkv_width(), out_stride = shape.out_width(), width = shape.head_dim;
  const int64_t seen = first + count, position = document + first;
  HeadOffsets at = OffsetsOf(shape, row, head);
  at.query += position * stride;
  at.key += document * stride;
  at.value += document * stride;
  const int64_t out_at = (row * shape.positions + position) * out_stride + head * width;
  Multiply(count, seen, width, {qkv + at.query, stride}, {qkv + at.key, stride, Transpose::kYes}, 0,
           scores_.data(), seen);
  kernels_.causal_probabilities(scores_.data(), count, seen, first, ScaleOf(shape),
                                log_sum + (row * shape.heads + head) * shape.positions + position);
  Multiply(seen, width, count, {scores_.data(), seen, Transpose::kYes}, {dout + out_at, out_stride}, 1,
           dqkv + at.value, stride);
  Multiply(count, seen, width, {dout + out_at, out_stride}, {qkv + at.value, stride, Transpose::kYes}, 0,
           d_scores_.data(), seen);
  kernels_.row_dot(out + out_at, dout + out_at, count, width, out_stride, dot_.data());
  kernels_.softmax_backward(scores_.data(), d_scores_.data(), dot_.data(), count, seen, ScaleOf(shape));
  Multiply(count, width, seen, {d_scores_.data(), seen}, {qkv + at.key, stride}, 0, dqkv + at.query, stride);
  Multiply(seen, width, count, {d_scores_.data(), seen, Transpose::kYes}, {qkv + at.query, stride}, 1,
           dqkv + at.key, stride);
}

void CausalAttention::Backward(const AttentionShape& shape, const float* qkv, const float* out,
                               const float* log_sum, const float* dout, float* dqkv) {
  scores_.resize(kBlock * shape.positions);
  d_scores_.resize(kBlock * shape.positions);
  dot_.resize(kBlock);
  std::fill_n(dqkv, shape.rows * shape.positions * shape.qkv_width(), 0.0f);
  for (int64_t row = 0; row < shape.rows; ++row) {
    for (int64_t head = 0; head < shape.heads; ++head) {
      ForEachDocument(shape, row, [&](int64_t document, int64_t length) {
        for (int64_t first = 0; first < length; first += kBlock) {
          const int64_t count = std::min(kBlock, length - first);
          BackwardBlock(shape, row, document, head, first, count, qkv, out, log_sum, dout, dqkv);
        }
      });
    }
  }
}

}  // namespace bonsai
