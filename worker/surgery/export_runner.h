// The runner of kind "export": a "model" -> an "export", the folder that other programs load. Its main() is
// bonsai-run-export; tests call RunExport with a fake context.
#ifndef BONSAI_WORKER_SURGERY_EXPORT_RUNNER_H_
#define BONSAI_WORKER_SURGERY_EXPORT_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Checks the model's files against each other and publishes them, the same blobs, with what the formats add.
// Of a model whose layers share weights, files in which each layer has its own. A model that is no Llama
// otherwise (qk_norm, RELU_SQUARED, a soft cap) is refused. The formats:
//   HUGGING_FACE: generation_config.json, tokenizer_config.json, special_tokens_map.json; of a fine-tuned
//                 model also its chat_template.jinja, which is in tokenizer_config.json as well
//   LLAMA2C: model.bin, tokenizer.bin
//   GGUF_F32, GGUF_F16: model-f32.gguf, model-f16.gguf, for llama.cpp (gguf_export.h)
// Nothing is published unless what was written reads back and computes the same. Errors: InvalidArgument
// names the field, or the file and the key; Cancelled when asked to stop; ResourceExhausted if the disk is
// full.
absl::Status RunExport(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_EXPORT_RUNNER_H_
