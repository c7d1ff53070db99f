// The flat buffers of an update, in a DeviceTrial.
#ifndef BONSAI_WORKER_TRAIN_CUDA_UPDATE_TRIAL_H_
#define BONSAI_WORKER_TRAIN_CUDA_UPDATE_TRIAL_H_

#include <vector>

#include "worker/train/cuda/device_trial.h"

namespace bonsai::cuda {

struct UpdateTrial {
  UpdateTrial(DeviceTrial& trial, int64_t size, bool packs) : packed(packs) {
    for (int i = 0; i < 4; ++i) {
      std::vector<float> values = RandomValues(size, 20 + i);
      if (i == 3) {
        for (float& value : values) value = value * value;  // a mean of squares
      }
      flat[i] = trial.Add(CellType::kF32, values);
    }
    copy = trial.AddRandom(CellType::kBf16, size);
    scalars = trial.Other(std::vector<UpdateScalars>{
        {0.01f, 0.9f, 0.95f, 1e-8f, 0.1f, 1.0f, 0.19f, 0.0975f, 0.02f, 0.9f, 0.95f}});
    square = trial.Other(std::vector<double>{5.0});
  }

  UpdateBuffers At(const DeviceTrial& trial) const {
    return {trial.F32(flat[0]),
            trial.F32(flat[1]),
            trial.F32(flat[2]),
            trial.F32(flat[3]),
            packed ? static_cast<Bf16*>(trial.At(copy).data) : nullptr,
            trial.OtherAt<UpdateScalars>(scalars),
            trial.OtherAt<double>(square)};
  }

  bool packed;
  int flat[4], copy, scalars, square;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_UPDATE_TRIAL_H_
