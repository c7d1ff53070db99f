// Calls of the CUDA libraries that must not fail: a failure in the middle of a step (memory, a broken card)
// is printed with its call, and the process aborts. The runner's attempt then fails, and the coordinator
// repeats it elsewhere; nothing of a step that went wrong can be kept.
#ifndef BONSAI_WORKER_TRAIN_CUDA_CUDA_CALL_H_
#define BONSAI_WORKER_TRAIN_CUDA_CUDA_CALL_H_

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>

namespace bonsai::cuda {

inline const char* CudaErrorText(cudaError_t error) { return cudaGetErrorString(error); }
inline const char* CudaErrorText(cublasStatus_t error) { return cublasLtGetStatusString(error); }

[[noreturn]] inline void DieOfCuda(const char* call, const char* error, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: %s failed: %s\n", file, line, call, error);
  std::abort();
}

// While a graph is recorded nothing is done yet, so a call that fails spoils the recording alone: who records
// sets `active`, and afterwards does without a graph if `failed`.
struct CudaRecordingState {
  bool active = false, failed = false;
};
inline CudaRecordingState& CudaRecording() {
  static thread_local CudaRecordingState state;
  return state;
}

inline void FailCuda(const char* call, const char* error, const char* file, int line) {
  if (!CudaRecording().active) DieOfCuda(call, error, file, line);
  if (!CudaRecording().failed) std::fprintf(stderr, "%s:%d: not recorded: %s: %s\n", file, line, call, error);
  CudaRecording().failed = true;
}

}  // namespace bonsai::cuda

// Zero is success in each of the libraries.
#define BONSAI_CUDA_CALL(call)                                                                          \
  do {                                                                                                  \
    const auto bonsai_error = (call);                                                                   \
    if (static_cast<int>(bonsai_error) != 0) {                                                          \
      ::bonsai::cuda::FailCuda(#call, ::bonsai::cuda::CudaErrorText(bonsai_error), __FILE__, __LINE__); \
    }                                                                                                   \
  } while (false)

#endif  // BONSAI_WORKER_TRAIN_CUDA_CUDA_CALL_H_
