// LlamaSession's attention.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "edge_runtime/engine/session.h"

namespace bonsai::edge {
namespace {

size_t Size(int32_t value) { return static_cast<size_t>(value); }

}  // namespace

void LlamaSession::Attend(const LayerWeights& weights, size_t layer, std::span<const int32_t> positions) {
  const size_t tokens = positions.size();
  Normalize(stream_, weights.attention_norm, tokens, &normalized_);
  Multiply(weights.query, queries_.width, normalized_.row(0), dim_, tokens, queries_.row(0));
  Multiply(weights.key, key_rows_.width, normalized_.row(0), dim_, tokens, key_rows_.row(0));
  Multiply(weights.value, value_rows_.width, normalized_.row(0), dim_, tokens, value_rows_.row(0));
  if (config_.qk_norm) {
    NormalizeHeads(&queries_, heads_, weights.query_norm, tokens);
    NormalizeHeads(&key_rows_, kv_heads_, weights.key_norm, tokens);
  }
  Rotate(&queries_, heads_, tokens);
  Rotate(&key_rows_, kv_heads_, tokens);
  for (size_t first = 0; first < tokens;) {
    size_t end = first + 1;
    // Tokens of different sessions do not wait for each other.
    while (end < tokens && (!owners_.empty() || positions[end] == positions[end - 1] + 1)) ++end;
    AttendRun(layer, first, positions.subspan(first, end - first));
    first = end;
  }
  Multiply(weights.attention_output, dim_, attended_.row(0), attended_.width, tokens, projected_.row(0));
  AddToStream(projected_, tokens);
}

void LlamaSession::AttendRun(size_t layer, size_t first, std::span<const int32_t> positions) {
  Store(layer, first, positions);
  // Every part has its own scratch; pairs of a token and a key-value head are dealt out to the parts in turn.
  const size_t pairs = positions.size() * kv_heads_;
  const size_t parts = std::min(static_cast<size_t>(pool_.threads()), pairs);
  pool_.Run(parts, [&](size_t part) {
    for (size_t pair = part; pair < pairs; pair += parts) {
      const size_t token = pair / kv_heads_, seen = Size(positions[token]) + 1;
      AttendHead(layer, first + token, seen, pair % kv_heads_, scores_.data() + part * scores_per_part_);
    }
  });
}

void LlamaSession::AttendHead(size_t layer, size_t token, size_t seen, size_t kv_head, float* scores) {
  const size_t group = heads_ / kv_heads_;
  LlamaSession& cache = Owner(token);
  const float* queries = queries_.row(token) + kv_head * group * head_dim_;
  float* out = attended_.row(token) + kv_head * group * head_dim_;
  kernels_.multiply({.weights = cache.Keys(layer, kv_head),
                     .weight_stride = head_dim_,
                     .rows = seen,
                     .inputs = queries,
                     .input_stride = head_dim_,
                     .tokens = group,
                     .columns = head_dim_,
                     .out = scores,
                     .out_stride = positions_stride_});
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim_));
  for (size_t head = 0; head < group; ++head) {
    float* row = scores + head * positions_stride_;
    for (size_t i = 0; i < seen; ++i) row[i] *= scale;
    kernels_.softmax(row, seen);
  }
  kernels_.multiply({.weights = cache.Values(layer, kv_head),
                     .weight_stride = positions_stride_,
                     .rows = head_dim_,
                     .inputs = scores,
                     .input_stride = positions_stride_,
                     .tokens = group,
                     .columns = seen,
                     .out = out,
                     .out_stride = head_dim_});
}

// Half-rotated: elements j and j + head_dim / 2 of a head turn together by position * frequency j.
void LlamaSession::Rotate(Rows* rows, size_t heads, size_t tokens) {
  const size_t half = head_dim_ / 2;
  for (size_t t = 0; t < tokens; ++t) {
    const float* cosines = cosines_.data() + t * half;
    const float* sines = sines_.data() + t * half;
    for (size_t head = 0; head < heads; ++head) {
      float* first = rows->row(t) + head * head_dim_;
      float* second = first + half;
      for (size_t j = 0; j < half; ++j) {
        const float a = first[j], b = second[j];
        first[j] = a * cosines[j] - b * sines[j];
        second[j] = b * cosines[j] + a * sines[j];
      }
    }
  }
}

void LlamaSession::Store(size_t layer, size_t first, std::span<const int32_t> positions) {
  for (size_t kv_head = 0; kv_head < kv_heads_; ++kv_head) {
    for (size_t t = 0; t < positions.size(); ++t) {
      const size_t at = Size(positions[t]);
      LlamaSession& cache = Owner(first + t);
      std::memcpy(cache.Keys(layer, kv_head) + at * head_dim_, key_rows_.row(first + t) + kv_head * head_dim_,
                  head_dim_ * sizeof(float));
      const float* value = value_rows_.row(first + t) + kv_head * head_dim_;
      float* column = cache.Values(layer, kv_head) + at;
      for (size_t d = 0; d < head_dim_; ++d) column[d * positions_stride_] = value[d];
    }
  }
}

}  // namespace bonsai::edge
