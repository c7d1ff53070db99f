// How much of a device's memory a model takes while gradients are made, and how many positions may pass
// through it together on a card of so much memory: what LlamaProgram and ResidentModel allocate, added up.
// rank_gpu.cc asks before it makes a model. Pure functions.
#ifndef BONSAI_WORKER_TRAIN_CUDA_PASS_MEMORY_H_
#define BONSAI_WORKER_TRAIN_CUDA_PASS_MEMORY_H_

#include <cstdint>

#include "edge_runtime/model/config.h"
#include "worker/train/cuda/llama_program.h"

namespace bonsai::cuda {

// Bytes of a ResidentModel without Muon's scratch, and of its passes of so many positions.
int64_t ModelBytes(const edge::ModelConfig& config, const ProgramOptions& options);
int64_t PassBytes(const edge::ModelConfig& config, const ProgramOptions& options, int64_t positions);

// The most positions, 1 .. 65,536, whose pass fits on a card beside the model. A tenth of the memory and 1
// GiB are left to the driver, the libraries and allocations' rounding. 1 where not even the model fits.
int64_t PassPositions(const edge::ModelConfig& config, const ProgramOptions& options, int64_t memory_bytes);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_PASS_MEMORY_H_
