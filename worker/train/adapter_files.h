// The low-rank changes of a fine-tuned model as files of their own, in the format of the PEFT library: for
// tools that put adapters and models together. The model itself has them added in.
//
// Called by the sft runner.
#ifndef BONSAI_WORKER_TRAIN_ADAPTER_FILES_H_
#define BONSAI_WORKER_TRAIN_ADAPTER_FILES_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runner/runner.h"
#include "worker/train/low_rank_model.h"

namespace bonsai {

// Adds adapter_config.json and adapter_model.safetensors (F32), and the properties lora_rank and
// trained_parameters. The tensors pass through a file in task.work_dir. ResourceExhausted if the disk is
// full.
absl::Status AddAdapterFiles(RunnerContext& context, const LowRankModel& model,
                             absl::Span<const float> adapters, v1::Manifest& manifest);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_ADAPTER_FILES_H_
