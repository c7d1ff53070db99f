// Sums of gradients over GPUs by NCCL, on a stream of its own beside the backward pass. Ranks meet by an id
// that rank 0 makes and the others are told (RankGroup::FromRankZero). Includes no NCCL header.
#ifndef BONSAI_WORKER_TRAIN_CUDA_NCCL_REDUCER_H_
#define BONSAI_WORKER_TRAIN_CUDA_NCCL_REDUCER_H_

#include <memory>
#include <string>

#include "worker/train/cuda/gradient_reducer.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// A new id, as hexadecimal digits. "" if NCCL cannot make one: *why says why.
std::string MakeNcclId(std::string* why);

// Waits for all `ranks` ranks, each with a GPU of its own. `device` is a CudaDevice and outlives the reducer.
// Null if they did not meet, or if `id` is no id: *why says why.
std::unique_ptr<GradientReducer> CreateNcclReducer(StepDevice& device, const std::string& id, int rank,
                                                   int ranks, std::string* why);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_NCCL_REDUCER_H_
