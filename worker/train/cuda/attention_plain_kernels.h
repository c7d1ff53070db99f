// Causal attention and its gradient without tensor cores, in f32 throughout: what the tiles are checked with
// on a GPU, and what heads take whose width has no tiles. A warp has one query (or one key) and goes over the
// others 32 at a time; heads of up to 256 values. Not fast: a block reads its keys from the caches.
#ifndef BONSAI_WORKER_TRAIN_CUDA_ATTENTION_PLAIN_KERNELS_H_
#define BONSAI_WORKER_TRAIN_CUDA_ATTENTION_PLAIN_KERNELS_H_

#include "worker/train/cuda/attention_tile.h"

namespace bonsai::cuda {

inline constexpr int kPlainWidthMax = 256;
inline constexpr int kPlainParts = kPlainWidthMax / kWarp;  // values of a head that a lane holds

// A warp's own row of a head, and the weights that its lanes found, in shared memory, where every lane reads
// them.
struct PlainShared {
  float row[kPlainWidthMax], other_row[kPlainWidthMax], weights[kWarp];
};

BONSAI_DEVICE PlainShared& OwnPlainShared() {
  BONSAI_SHARED PlainShared shared[kAttentionWarps];
  return shared[ThreadX() / kWarp];
}

template <typename T>
BONSAI_DEVICE void PlainRead(const T* from, int width, float* row) {
  for (int d = ThreadX() % kWarp; d < width; d += kWarp) row[d] = ToFloat(from[d]);
  SyncWarp();
}

template <typename T>
BONSAI_DEVICE float PlainDot(const float* row, const T* other, int width) {
  float sum = 0;
  for (int d = 0; d < width; ++d) sum += row[d] * ToFloat(other[d]);
  return sum;
}

template <typename T>
BONSAI_DEVICE void PlainWrite(const float (&own)[kPlainParts], float factor, int width, T* to) {
  BONSAI_UNROLL
  for (int part = 0; part < kPlainParts; ++part) {
    const int d = part * kWarp + ThreadX() % kWarp;
    if (d < width) to[d] = FromFloat<T>(own[part] * factor);
  }
}

// sum += the rows, `stride` apart, each times the weight that a lane brings: lane i's is row i's.
template <typename T>
BONSAI_DEVICE void PlainAdd(PlainShared& shared, const T* rows, int64_t stride, int count, float weight,
                            int width, float (&sum)[kPlainParts]) {
  SyncWarp();  // others may still read the weights before
  shared.weights[ThreadX() % kWarp] = weight;
  SyncWarp();
  for (int i = 0; i < count; ++i) {
    BONSAI_UNROLL
    for (int part = 0; part < kPlainParts; ++part) {
      const int d = part * kWarp + ThreadX() % kWarp;
      if (d < width) sum[part] += shared.weights[i] * ToFloat(rows[i * stride + d]);
    }
  }
}

// Blocks: kAttentionWarps queries, heads, sequences.
template <typename T>
BONSAI_KERNEL(kAttentionThreads)
AttendPlain(AttentionSizes sizes, float scale, const T* qkv, T* out, float* log_sum) {
  const int64_t query = int64_t{BlockX()} * kAttentionWarps + ThreadX() / kWarp;
  if (query >= sizes.positions) return;  // a whole warp
  const int lane = ThreadX() % kWarp, width = static_cast<int>(sizes.head_dim);
  const int64_t stride = sizes.qkv_width();
  const HeadPlace place = PlaceOfHead(sizes, BlockZ(), BlockY());
  PlainShared& shared = OwnPlainShared();
  float result[kPlainParts] = {};
  PlainRead(qkv + place.query + query * stride, width, shared.row);
  float top = -__builtin_inff(), sum = 0;
  for (int64_t first = 0; first <= query; first += kWarp) {
    const int count = static_cast<int>(query + 1 - first < kWarp ? query + 1 - first : kWarp);
    const int mine = lane < count ? lane : 0;
    const float dot = PlainDot(shared.row, qkv + place.key + (first + mine) * stride, width) * scale;
    const float score = lane < count ? dot : -__builtin_inff();
    const float highest = WarpMax(score > top ? score : top), correction = Exp(top - highest);
    const float weight = Exp(score - highest);
    top = highest;
    sum = sum * correction + WarpSum(weight);
    BONSAI_UNROLL
    for (int part = 0; part < kPlainParts; ++part) result[part] *= correction;
    PlainAdd(shared, qkv + place.value + first * stride, stride, count, weight, width, result);
  }
  PlainWrite(result, 1.0f / sum, width, out + place.out + query * sizes.out_width());
  if (lane == 0) log_sum[(BlockZ() * sizes.heads + BlockY()) * sizes.positions + query] = top + Log(sum);
}

template <typename T>
BONSAI_KERNEL(kAttentionThreads)
QueryGradientPlain(AttentionSizes sizes, float scale, const T* qkv, const float* log_sum, const T* d_out,
                   const float* dot, T* d_qkv) {
  const int64_t query = int64_t{BlockX()} * kAttentionWarps + ThreadX() / kWarp;
  if (query >= sizes.positions) return;
  const int lane = ThreadX() % kWarp, width = static_cast<int>(sizes.head_dim);
  const int64_t stride = sizes.qkv_width();
  const HeadPlace place = PlaceOfHead(sizes, BlockZ(), BlockY());
  const int64_t at = (BlockZ() * sizes.heads + BlockY()) * sizes.positions + query;
  PlainShared& shared = OwnPlainShared();
  float gradient[kPlainParts] = {};
  PlainRead(qkv + place.query + query * stride, width, shared.row);
  PlainRead(d_out + place.out + query * sizes.out_width(), width, shared.other_row);
  for (int64_t first = 0; first <= query; first += kWarp) {
    const int count = static_cast<int>(query + 1 - first < kWarp ? query + 1 - first : kWarp);
    const int64_t row = (first + (lane < count ? lane : 0)) * stride;
    const float probability = Exp(PlainDot(shared.row, qkv + place.key + row, width) * scale - log_sum[at]);
    const float d_probability = PlainDot(shared.other_row, qkv + place.value + row, width);
    PlainAdd(shared, qkv + place.key + first * stride, stride, count,
             probability * (d_probability - dot[at]) * scale, width, gradient);
  }
  PlainWrite(gradient, 1.0f, width, d_qkv + place.query + query * stride);
}

// Blocks: kAttentionWarps keys, heads of keys, sequences.
template <typename T>
BONSAI_KERNEL(kAttentionThreads)
KeyGradientPlain(AttentionSizes sizes, float scale, const T* qkv, const float* log_sum, const T* d_out,
                 const float* dot, T* d_qkv) {
  const int64_t key = int64_t{BlockX()} * kAttentionWarps + ThreadX() / kWarp;
  if (key >= sizes.positions) return;
  const int lane = ThreadX() % kWarp, width = static_cast<int>(sizes.head_dim);
  const int64_t stride = sizes.qkv_width(), out_stride = sizes.out_width();
  const int64_t group = sizes.heads / sizes.kv_heads;
  const HeadPlace place = PlaceOfHead(sizes, BlockZ(), BlockY() * group);
  PlainShared& shared = OwnPlainShared();
  float d_key[kPlainParts] = {}, d_value[kPlainParts] = {};
  PlainRead(qkv + place.key + key * stride, width, shared.row);
  PlainRead(qkv + place.value + key * stride, width, shared.other_row);
  for (int64_t head = BlockY() * group; head < (BlockY() + 1) * group; ++head) {
    const HeadPlace from = PlaceOfHead(sizes, BlockZ(), head);
    for (int64_t first = key; first < sizes.positions; first += kWarp) {
      const int64_t left = sizes.positions - first;
      const int count = static_cast<int>(left < kWarp ? left : kWarp);
      const int64_t mine = first + (lane < count ? lane : 0);
      const int64_t at = (BlockZ() * sizes.heads + head) * sizes.positions + mine;
      const float probability =
          Exp(PlainDot(shared.row, qkv + from.query + mine * stride, width) * scale - log_sum[at]);
      const float d_probability = PlainDot(shared.other_row, d_out + from.out + mine * out_stride, width);
      PlainAdd(shared, d_out + from.out + first * out_stride, out_stride, count, probability, width, d_value);
      PlainAdd(shared, qkv + from.query + first * stride, stride, count,
               probability * (d_probability - dot[at]) * scale, width, d_key);
    }
  }
  PlainWrite(d_key, 1.0f, width, d_qkv + place.key + key * stride);
  PlainWrite(d_value, 1.0f, width, d_qkv + place.value + key * stride);
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_ATTENTION_PLAIN_KERNELS_H_
