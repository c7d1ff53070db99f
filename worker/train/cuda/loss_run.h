// A short training run over bytes of text, and a benchmark of steps: what check_gpu shows of a GPU beside
// correctness. Both print as they go.
#ifndef BONSAI_WORKER_TRAIN_CUDA_LOSS_RUN_H_
#define BONSAI_WORKER_TRAIN_CUDA_LOSS_RUN_H_

#include <cstdint>
#include <string>

#include "edge_runtime/model/config.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

struct LossRun {
  std::string text;  // bytes are the tokens; the last tenth is held out
  double seconds = 300;
  edge::ModelConfig config;  // vocab_size 256
  int64_t rows = 32, positions = 512;
  CellType type = CellType::kBf16;
};

// False if the held-out loss is not finite or did not fall.
bool RunLoss(StepDevice& device, const LossRun& run);

struct StepBench {
  std::string name;
  edge::ModelConfig config;
  int64_t rows = 32, positions = 1024;
  double peak_flops = 0;  // of dense bfloat16 products: what MFU is a share of
  int warm_up = 5, steps = 20;
};

// Prints the median step's tokens/s and MFU (6 N + 12 layers x width x positions for a token).
void BenchSteps(StepDevice& device, const StepBench& bench);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_LOSS_RUN_H_
