// A model as llama.cpp loads it: one GGUF file with llama's metadata, the SentencePiece vocabulary and the
// weights in F32, or in F16 but for the norms. What was written is read back and must be the model's before
// anyone gets it. Called by the export runner. Weights stream through one row.
#ifndef BONSAI_WORKER_SURGERY_GGUF_EXPORT_H_
#define BONSAI_WORKER_SURGERY_GGUF_EXPORT_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "edge_runtime/model/checked_model.h"
#include "worker/surgery/gguf_header.h"

namespace bonsai {

// Writes `path`. `tokenizer` is the tokenizer.model's bytes; embeddings beyond its pieces get the unused
// pieces
// "[PAD0]", "[PAD1]", ... InvalidArgument names what of the model llama.cpp would compute differently: a
// byte-level tokenizer, one that normalizes text (a charsmap, extra spaces removed) or has no byte pieces, a
// weight that is too large for F16. ResourceExhausted if the disk is full.
// `chat_template`: Jinja; empty for none.
absl::Status WriteGguf(const edge::CheckedModel& model, std::span<const uint8_t> tokenizer,
                       const std::string& chat_template, GgufType weights, const std::string& path);

// Internal unless `path` holds every tensor of the model, query and key rows in llama.cpp's order: bit for
// bit in F32, rounded in F16.
absl::Status CheckGguf(const edge::CheckedModel& model, const std::string& path);

// llama.cpp's name of a tensor: "blk.0.attn_q.weight".
std::string GgufTensorName(const edge::TensorSpec& spec);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_GGUF_EXPORT_H_
