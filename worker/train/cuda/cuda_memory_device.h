// CudaDevice without its kernels: memory, streams, staging, graphs, products.
#ifndef BONSAI_WORKER_TRAIN_CUDA_CUDA_MEMORY_DEVICE_H_
#define BONSAI_WORKER_TRAIN_CUDA_CUDA_MEMORY_DEVICE_H_

#include <cuda_runtime_api.h>

#include <map>
#include <optional>

#include "worker/train/cuda/cublas_products.h"
#include "worker/train/cuda/cuda_call.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

class CudaMemoryDevice : public StepDevice {
 public:
  // Of the calling thread's current device. With `record`, Repeat records graphs.
  explicit CudaMemoryDevice(bool record);
  ~CudaMemoryDevice() override;
  CudaMemoryDevice(const CudaMemoryDevice&) = delete;
  CudaMemoryDevice& operator=(const CudaMemoryDevice&) = delete;

  void* Allocate(size_t bytes) override;
  void Release(void* memory) override;
  void* AllocatePinned(size_t bytes) override;
  void ReleasePinned(void* memory) override;
  void CopyIn(void* to, const void* from, size_t bytes) override;
  void CopyOut(void* to, const void* from, size_t bytes) override;
  void Wait() override { BONSAI_CUDA_CALL(cudaStreamSynchronize(stream_)); }
  void CopyWithin(void* to, const void* from, size_t bytes) override;
  void Zero(void* memory, size_t bytes) override;
  void StageIn(int slot, void* to, const void* pinned, size_t bytes) override;
  void WaitStaged(int slot) override;
  void TakeStaged(int slot, void* to, const void* staged, size_t bytes) override;
  void Repeat(uint64_t key, const std::function<void()>& work) override;
  void ForgetRepeats() override;
  void Multiply(const Product& product) override { products_->Multiply(product); }
  void* stream() override { return stream_; }

 private:
  // A series of calls: first done as it is, so that kernels are loaded and products planned; then recorded.
  struct Recording {
    bool done_once = false;
    cudaGraphExec_t graph = nullptr;
  };

  bool Record(Recording& recording, const std::function<void()>& work);

  bool record_;
  cudaStream_t stream_ = nullptr, copies_ = nullptr;
  cudaEvent_t copied_[2], taken_[2];
  std::optional<CublasProducts> products_;
  std::map<uint64_t, Recording> recordings_;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_CUDA_MEMORY_DEVICE_H_
