#include "worker/train/cuda/nccl_reducer.h"

#include <cuda_runtime_api.h>
#include <nccl.h>

#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "worker/train/cuda/cuda_call.h"

namespace bonsai::cuda {
namespace {

void CallNccl(ncclResult_t result, const char* call, int line) {
  if (result != ncclSuccess) FailCuda(call, ncclGetErrorString(result), __FILE__, line);
}

std::string HexOf(const ncclUniqueId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : id.internal) {
    text += kDigits[static_cast<unsigned char>(byte) / 16];
    text += kDigits[static_cast<unsigned char>(byte) % 16];
  }
  return text;
}

bool ParseHex(const std::string& text, ncclUniqueId* id) {
  if (text.size() != 2 * sizeof(id->internal)) return false;
  for (size_t i = 0; i < sizeof(id->internal); ++i) {
    unsigned value = 0;
    const char* end = text.data() + 2 * i + 2;
    if (std::from_chars(end - 2, end, value, 16).ptr != end) return false;
    id->internal[i] = static_cast<char>(value);
  }
  return true;
}

class NcclReducer final : public GradientReducer {
 public:
  NcclReducer(StepDevice& device, ncclComm_t ranks)
      : work_(static_cast<cudaStream_t>(device.stream())), ranks_(ranks) {
    BONSAI_CUDA_CALL(cudaStreamCreateWithFlags(&sums_, cudaStreamNonBlocking));
    BONSAI_CUDA_CALL(cudaEventCreateWithFlags(&ready_, cudaEventDisableTiming));
    BONSAI_CUDA_CALL(cudaEventCreateWithFlags(&summed_, cudaEventDisableTiming));
  }
  ~NcclReducer() override {
    if (ranks_ != nullptr) {
      cudaStreamSynchronize(sums_);
      ncclCommDestroy(ranks_);
    }
    cudaEventDestroy(ready_);
    cudaEventDestroy(summed_);
    cudaStreamDestroy(sums_);
  }

  // An event's wait is for what was recorded when the wait was queued, so one event serves all buckets.
  void Reduce(float* values, int64_t count) override {
    BONSAI_CUDA_CALL(cudaEventRecord(ready_, work_));
    BONSAI_CUDA_CALL(cudaStreamWaitEvent(sums_, ready_, 0));
    CallNccl(ncclAllReduce(values, values, static_cast<size_t>(count), ncclFloat, ncclSum, ranks_, sums_),
             "ncclAllReduce", __LINE__);
  }

  void Join() override {
    BONSAI_CUDA_CALL(cudaEventRecord(summed_, sums_));
    BONSAI_CUDA_CALL(cudaStreamWaitEvent(work_, summed_, 0));
  }

  // NCCL's kernels wait for the other ranks without end; only ncclCommAbort makes them leave.
  std::string Await(double seconds) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    for (;;) {
      const cudaError_t state = cudaEventQuery(summed_);
      if (state == cudaSuccess) return "";
      if (state != cudaErrorNotReady)
        FailCuda("cudaEventQuery", cudaGetErrorString(state), __FILE__, __LINE__);
      ncclResult_t sum = ncclSuccess;
      CallNccl(ncclCommGetAsyncError(ranks_, &sum), "ncclCommGetAsyncError", __LINE__);
      const bool late = std::chrono::steady_clock::now() > end;
      if (sum != ncclSuccess || late) {
        ncclCommAbort(std::exchange(ranks_, nullptr));
        return late ? "a rank did not join in a sum for " + std::to_string(static_cast<int>(seconds)) + " s"
                    : std::string("a rank is gone: ") + ncclGetErrorString(sum);
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));  // of a step's milliseconds
    }
  }

 private:
  const cudaStream_t work_;
  ncclComm_t ranks_;  // null once given up
  cudaStream_t sums_ = nullptr;
  cudaEvent_t ready_ = nullptr, summed_ = nullptr;
};

}  // namespace

std::string MakeNcclId(std::string* why) {
  ncclUniqueId id;
  const ncclResult_t result = ncclGetUniqueId(&id);
  if (result == ncclSuccess) return HexOf(id);
  *why = std::string("ncclGetUniqueId: ") + ncclGetErrorString(result);
  return "";
}

std::unique_ptr<GradientReducer> CreateNcclReducer(StepDevice& device, const std::string& id, int rank,
                                                   int ranks, std::string* why) {
  ncclUniqueId parsed;
  if (!ParseHex(id, &parsed)) {
    *why = "an NCCL id of " + std::to_string(id.size()) + " characters; " +
           std::to_string(2 * sizeof(parsed.internal)) + " hexadecimal digits would be valid";
    return nullptr;
  }
  ncclComm_t group = nullptr;
  const ncclResult_t result = ncclCommInitRank(&group, ranks, parsed, rank);
  if (result != ncclSuccess) {
    *why = std::string("ncclCommInitRank: ") + ncclGetErrorString(result);
    return nullptr;
  }
  return std::make_unique<NcclReducer>(device, group);
}

}  // namespace bonsai::cuda
