// llama2.c's two files from a model: model.bin (version 0) and tokenizer.bin. The weights stream through one
// row, and what was written is read back and must compute the same before anyone gets it. Called by the
// export runner.
#ifndef BONSAI_WORKER_SURGERY_LLAMA2C_EXPORT_H_
#define BONSAI_WORKER_SURGERY_LLAMA2C_EXPORT_H_

#include <string>

#include "absl/status/status.h"
#include "edge_runtime/model/checked_model.h"

namespace bonsai {

// Writes `path`. InvalidArgument names what of the model llama2.c would compute differently: a rope_theta,
// epsilon, BOS or EOS other than its own, a tokenizer of another size than the vocabulary. ResourceExhausted
// if the disk is full.
absl::Status WriteLlama2cModel(const edge::CheckedModel& model, const std::string& path);

// Runs both on the engine over a few tokens. Internal unless every logit of `path` equals that of the
// safetensors within 1e-5 (relative to the logit where that is larger than 1).
absl::Status CheckSameLogits(const edge::ModelBytes& original, const std::string& path);

// Internal unless the tokenizer.bin in `bytes` gives the ids of `tokenizer` for a few texts.
absl::Status CheckSameIds(const edge::Tokenizer& tokenizer, const std::string& bytes);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_LLAMA2C_EXPORT_H_
