// A Llama's training step on the CPU: its weights, packed once for each update, and a pass for each thread
// over its share of the rows, with a gradient buffer of its own; these are added in a fixed order, so the
// bits depend on the number of threads, not on timing.
#ifndef BONSAI_WORKER_TRAIN_LLAMA_STEP_H_
#define BONSAI_WORKER_TRAIN_LLAMA_STEP_H_

#include <memory>

#include "worker/train/llama_pass.h"

namespace bonsai {

// `layout` must outlive the step.
std::unique_ptr<TrainStep> CreateLlamaStep(const ParameterLayout& layout, const Kernels& kernels, int threads,
                                           const LlamaPassOptions& options = {});

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_LLAMA_STEP_H_
