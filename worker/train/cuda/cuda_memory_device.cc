#include "worker/train/cuda/cuda_memory_device.h"

#include <cstdio>
#include <string>

namespace bonsai::cuda {

CudaMemoryDevice::CudaMemoryDevice(bool record) : record_(record) {
  BONSAI_CUDA_CALL(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  BONSAI_CUDA_CALL(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking));
  for (int slot = 0; slot < 2; ++slot) {
    BONSAI_CUDA_CALL(cudaEventCreateWithFlags(&copied_[slot], cudaEventDisableTiming));
    BONSAI_CUDA_CALL(cudaEventCreateWithFlags(&taken_[slot], cudaEventDisableTiming));
  }
  products_.emplace(stream_);
}

CudaMemoryDevice::~CudaMemoryDevice() {
  cudaStreamSynchronize(copies_);
  cudaStreamSynchronize(stream_);
  ForgetRepeats();
  products_.reset();
  for (int slot = 0; slot < 2; ++slot) {
    cudaEventDestroy(copied_[slot]);
    cudaEventDestroy(taken_[slot]);
  }
  cudaStreamDestroy(copies_);
  cudaStreamDestroy(stream_);
}

void* CudaMemoryDevice::Allocate(size_t bytes) {
  if (bytes == 0) bytes = 1;
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error != cudaSuccess) {
    const std::string call = "cudaMalloc of " + std::to_string(bytes) +
                             " bytes (fewer positions in a pass, or a smaller model, take less)";
    DieOfCuda(call.c_str(), CudaErrorText(error), __FILE__, __LINE__);
  }
  Zero(memory, bytes);
  Wait();  // the first StageIn comes by another stream, which the zeros must not follow
  return memory;
}

// cudaFree waits for the device's work.
void CudaMemoryDevice::Release(void* memory) { BONSAI_CUDA_CALL(cudaFree(memory)); }

void* CudaMemoryDevice::AllocatePinned(size_t bytes) {
  void* memory = nullptr;
  BONSAI_CUDA_CALL(cudaMallocHost(&memory, bytes));
  return memory;
}
void CudaMemoryDevice::ReleasePinned(void* memory) { BONSAI_CUDA_CALL(cudaFreeHost(memory)); }

void CudaMemoryDevice::CopyIn(void* to, const void* from, size_t bytes) {
  BONSAI_CUDA_CALL(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_));
  BONSAI_CUDA_CALL(cudaStreamSynchronize(stream_));
}
void CudaMemoryDevice::CopyOut(void* to, const void* from, size_t bytes) {
  BONSAI_CUDA_CALL(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_));
  BONSAI_CUDA_CALL(cudaStreamSynchronize(stream_));
}
void CudaMemoryDevice::CopyWithin(void* to, const void* from, size_t bytes) {
  BONSAI_CUDA_CALL(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_));
}
void CudaMemoryDevice::Zero(void* memory, size_t bytes) {
  BONSAI_CUDA_CALL(cudaMemsetAsync(memory, 0, bytes, stream_));
}

void CudaMemoryDevice::StageIn(int slot, void* to, const void* pinned, size_t bytes) {
  BONSAI_CUDA_CALL(cudaStreamWaitEvent(copies_, taken_[slot], 0));
  BONSAI_CUDA_CALL(cudaMemcpyAsync(to, pinned, bytes, cudaMemcpyHostToDevice, copies_));
  BONSAI_CUDA_CALL(cudaEventRecord(copied_[slot], copies_));
}
void CudaMemoryDevice::WaitStaged(int slot) { BONSAI_CUDA_CALL(cudaEventSynchronize(copied_[slot])); }
void CudaMemoryDevice::TakeStaged(int slot, void* to, const void* staged, size_t bytes) {
  BONSAI_CUDA_CALL(cudaStreamWaitEvent(stream_, copied_[slot], 0));
  CopyWithin(to, staged, bytes);
  BONSAI_CUDA_CALL(cudaEventRecord(taken_[slot], stream_));
}

// False where the calls cannot be recorded: they have not been done then.
bool CudaMemoryDevice::Record(Recording& recording, const std::function<void()>& work) {
  if (const cudaError_t begun = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
      begun != cudaSuccess) {
    cudaGetLastError();  // it is no later call's
    std::fprintf(stderr, "cuda: going on without graphs: %s\n", CudaErrorText(begun));
    return false;
  }
  CudaRecording() = {.active = true};
  work();
  const bool failed = CudaRecording().failed;
  CudaRecording() = {};
  cudaGraph_t graph = nullptr;
  cudaError_t error = cudaStreamEndCapture(stream_, &graph);
  if (error == cudaSuccess && failed) error = cudaErrorStreamCaptureInvalidated;
  if (error == cudaSuccess) error = cudaGraphInstantiate(&recording.graph, graph, 0);
  if (graph != nullptr) cudaGraphDestroy(graph);
  if (error == cudaSuccess) return true;
  cudaGetLastError();  // it is no later call's
  recording.graph = nullptr;
  std::fprintf(stderr, "cuda: going on without graphs: %s\n", CudaErrorText(error));
  return false;
}

void CudaMemoryDevice::Repeat(uint64_t key, const std::function<void()>& work) {
  if (!record_) {
    work();
    return;
  }
  Recording& recording = recordings_[key];
  if (!recording.done_once) {
    work();
    recording.done_once = true;
    return;
  }
  if (recording.graph == nullptr && !Record(recording, work)) {
    record_ = false;
    work();
    return;
  }
  BONSAI_CUDA_CALL(cudaGraphLaunch(recording.graph, stream_));
}

void CudaMemoryDevice::ForgetRepeats() {
  if (recordings_.empty()) return;
  cudaStreamSynchronize(stream_);
  for (auto& [key, recording] : recordings_) {
    if (recording.graph != nullptr) cudaGraphExecDestroy(recording.graph);
  }
  recordings_.clear();
}

}  // namespace bonsai::cuda
