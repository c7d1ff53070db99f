// The plainest StepDevice: loops over host memory, in the order in which they are easiest to read. Tests hold
// the step's orchestration against it and the kernels to it; the checker on a GPU machine has it as its CPU
// path, where neither oneDNN nor Abseil need be.
#ifndef BONSAI_WORKER_TRAIN_CUDA_HOST_DEVICE_H_
#define BONSAI_WORKER_TRAIN_CUDA_HOST_DEVICE_H_

#include <memory>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

std::unique_ptr<StepDevice> CreateHostDevice();

// Its parts that the emulated device has too.
class HostMemoryDevice : public StepDevice {
 public:
  void* Allocate(size_t bytes) override;
  void Release(void* memory) override;
  void* AllocatePinned(size_t bytes) override { return Allocate(bytes); }
  void ReleasePinned(void* memory) override { Release(memory); }
  void CopyIn(void* to, const void* from, size_t bytes) override;
  void CopyOut(void* to, const void* from, size_t bytes) override;
  void Wait() override {}
  void CopyWithin(void* to, const void* from, size_t bytes) override;
  void Zero(void* memory, size_t bytes) override;
  void StageIn(int slot, void* to, const void* pinned, size_t bytes) override;
  void WaitStaged(int slot) override;
  void TakeStaged(int slot, void* to, const void* staged, size_t bytes) override;
  void Repeat(uint64_t key, const std::function<void()>& work) override;
  void ForgetRepeats() override {}
  void Multiply(const Product& product) override;
  void* stream() override { return nullptr; }
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_HOST_DEVICE_H_
