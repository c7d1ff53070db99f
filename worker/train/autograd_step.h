// The same step in plain libtorch with autograd: the oracle that tests compare LlamaStep with. Slow, and
// written from the model's definition, not from LlamaStep.
#ifndef BONSAI_WORKER_TRAIN_AUTOGRAD_STEP_H_
#define BONSAI_WORKER_TRAIN_AUTOGRAD_STEP_H_

#include <memory>

#include "worker/train/train_step.h"

namespace bonsai {

// `layout` outlives the step. Runs in double precision if `in_double`, otherwise in float.
std::unique_ptr<TrainStep> CreateAutogradStep(const ParameterLayout& layout, bool in_double,
                                              float z_loss = 0);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_AUTOGRAD_STEP_H_
