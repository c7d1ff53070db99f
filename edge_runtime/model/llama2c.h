// llama2.c's checkpoint formats: version 0 (seven integers, then tensors) and version 1 ("ak42"), both F32.
// Engine and export use them.
//
// Their query and key rows are in interleaved rotary order (elements 2j and 2j + 1 of a head turn together),
// Hugging Face's are half-rotated (j and j + head_dim / 2); HalvesRow converts. Pure functions, standard
// library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_LLAMA2C_H_
#define BONSAI_EDGE_RUNTIME_MODEL_LLAMA2C_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "edge_runtime/model/config.h"
#include "edge_runtime/model/safetensors.h"

namespace bonsai::edge {

struct Llama2cCheckpoint {
  int32_t version = 0;  // 0 or 1
  ModelConfig config;
  // By Hugging Face's names. Query and key rows are interleaved. The views point into the parsed buffer.
  std::map<std::string, TensorView> tensors;
};

// Reads a checkpoint that fills `bytes` exactly. On failure returns false; *error names the field, its value
// and what would be valid. The format has no fields for rope_theta, norm_epsilon and token ids: they are
// 10000, 1e-5, 1 and 2.
bool ParseLlama2c(std::span<const uint8_t> bytes, Llama2cCheckpoint* checkpoint, std::string* error);

// In the half-rotated order, where row `row` of the interleaved order lies (both counted from the tensor's
// start).
int64_t HalvesRow(int64_t row, int64_t head_dim);

// Writes a version 0 checkpoint, with its tables of rotary factors, from tensors under Hugging Face's names
// and in its row order, any dtype. `sink` takes the file in pieces, in order, and returns false if it cannot.
// Returns false and *error if the sink fails, a tensor is missing or has another shape, or the model is one
// that llama2.c would compute differently (no IsLlama, rope_theta other than 10000, norm_epsilon other than
// 1e-5).
bool WriteLlama2c(const ModelConfig& config, const std::map<std::string, TensorView>& tensors,
                  const std::function<bool(std::string_view)>& sink, std::string* error);

// Checks that every tensor of the model is there with its shape. More tensors are no error.
bool CheckTensors(const ModelConfig& config, const std::map<std::string, TensorView>& tensors,
                  std::string* error);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_LLAMA2C_H_
