// Softmax, cross-entropy and their gradient in one kernel, in place of a chunk's logits: the full logits of a
// batch never exist. The roofline is 2 bytes read and 2 written for each logit (bfloat16), and a row that
// fits into a block's registers costs just that.
#ifndef BONSAI_WORKER_TRAIN_CUDA_CROSS_ENTROPY_KERNEL_H_
#define BONSAI_WORKER_TRAIN_CUDA_CROSS_ENTROPY_KERNEL_H_

#include "worker/train/cuda/kernel_language.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// A thread's share of a row: 16-byte pieces ThreadX(), ThreadX() + kThreads, ... With kPieces > 0 there are
// at most so many and they stay in registers; with 0 they are read again for each of the three passes, the
// second and third time mostly from the second-level cache (a row of 128k logits is 256 KB).
template <typename T, int kThreads, int kPieces>
struct LogitRow {
  static constexpr int kCount = Sixteen<T>::kCount;

  T* row;
  int cols;
  Sixteen<T> pieces[kPieces > 0 ? kPieces : 1];

  BONSAI_DEVICE void Read() {
    if constexpr (kPieces > 0) {
      BONSAI_UNROLL
      for (int i = 0; i < kPieces; ++i) {
        const int c = (i * kThreads + ThreadX()) * kCount;
        if (c < cols) pieces[i] = Load16(row + c);
      }
    }
  }

  // visit(column, piece) for this thread's pieces; a piece may reach past cols.
  template <typename Visit>
  BONSAI_DEVICE void ForEach(const Visit& visit) {
    if constexpr (kPieces == 0) {
      for (int c = ThreadX() * kCount; c < cols; c += kThreads * kCount) {
        Sixteen<T> piece = Load16(row + c);
        visit(c, piece);
      }
    } else {
      BONSAI_UNROLL
      for (int i = 0; i < kPieces; ++i) {
        const int c = (i * kThreads + ThreadX()) * kCount;
        if (c < cols) visit(c, pieces[i]);
      }
    }
  }
};

// A block for each row. Exponentials are made twice rather than kept in f32: two for each 4 bytes moved is
// under what the special function units do in that time.
template <typename T, int kThreads, int kPieces>
BONSAI_KERNEL(kThreads)
CrossEntropyRows(T* logits, int64_t stride, const int32_t* targets, int cols, const StepScalars* scalars,
                 bool gradient, float* losses) {
  BONSAI_SHARED float scratch[kThreads / kWarp];
  constexpr int kCount = Sixteen<T>::kCount;
  const int target = targets[BlockX()];
  LogitRow<T, kThreads, kPieces> mine;
  mine.row = logits + BlockX() * stride;
  mine.cols = cols;
  if (target < 0) {
    if (ThreadX() == 0) losses[BlockX()] = 0;
    if (!gradient) return;
    for (int c = ThreadX() * kCount; c < cols; c += kThreads * kCount) Store16(mine.row + c, Sixteen<T>{});
    return;
  }
  // Before the row is overwritten: the sums below are barriers.
  const float wanted = ThreadX() == 0 ? ToFloat(mine.row[target]) : 0.0f;
  mine.Read();
  float top = -__builtin_inff();
  mine.ForEach([&](int c, const Sixteen<T>& piece) {
    BONSAI_UNROLL
    for (int i = 0; i < kCount; ++i) {
      const float value = ToFloat(piece.at[i]);
      if (c + i < cols && value > top) top = value;
    }
  });
  top = BlockMax<kThreads>(top, scratch);
  float sum = 0;
  mine.ForEach([&](int c, const Sixteen<T>& piece) {
    BONSAI_UNROLL
    for (int i = 0; i < kCount; ++i) {
      if (c + i < cols) sum += Exp(ToFloat(piece.at[i]) - top);
    }
  });
  sum = BlockSum<kThreads>(sum, scratch);
  const float log_sum = top + Log(sum);
  if (ThreadX() == 0) losses[BlockX()] = log_sum - wanted;
  if (!gradient) return;
  const float scale = scalars->loss_scale;
  const float factor = scale * (1.0f + 2.0f * scalars->z_loss * log_sum) / sum;
  mine.ForEach([&](int c, Sixteen<T>& piece) {
    Sixteen<T> d;
    BONSAI_UNROLL
    for (int i = 0; i < kCount; ++i) {
      const float one = c + i == target ? scale : 0.0f;
      d.at[i] = FromFloat<T>(c + i < cols ? Exp(ToFloat(piece.at[i]) - top) * factor - one : 0.0f);
    }
    Store16(mine.row + c, d);
  });
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_CROSS_ENTROPY_KERNEL_H_
