// Single values of Cells in host memory.
#ifndef BONSAI_WORKER_TRAIN_CUDA_HOST_CELLS_H_
#define BONSAI_WORKER_TRAIN_CUDA_HOST_CELLS_H_

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

inline float Get(const Cells& cells, int64_t at) {
  return cells.type == CellType::kF32 ? static_cast<const float*>(cells.data)[at]
                                      : ToFloat(static_cast<const Bf16*>(cells.data)[at]);
}
inline void Set(const Cells& cells, int64_t at, float value) {
  if (cells.type == CellType::kF32) {
    static_cast<float*>(cells.data)[at] = value;
  } else {
    static_cast<Bf16*>(cells.data)[at] = FromFloat<Bf16>(value);
  }
}

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_HOST_CELLS_H_
