// Where a Llama's tensors lie in flat buffers of ParameterLayout's order, for a device's step: fused products
// need their tensors side by side, buckets need to know what a layer covers, updates go in chunks. The same
// offsets as ParameterLayout, without Abseil, so that the checker builds on a bare GPU machine.
//
// Immutable; standard library only.
#ifndef BONSAI_WORKER_TRAIN_CUDA_LLAMA_PLACES_H_
#define BONSAI_WORKER_TRAIN_CUDA_LLAMA_PLACES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "edge_runtime/model/config.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

struct LlamaPlaces {
  // A matrix [rows, cols].
  struct Matrix {
    int64_t offset = 0, rows = 0, cols = 0;
  };
  struct Layer {
    int64_t begin = 0, end = 0;  // of all its tensors
    int64_t attention_norm = 0, feed_forward_norm = 0;
    Matrix qkv, attention_out, gate_up, down;
  };

  // `config` has been validated.
  explicit LlamaPlaces(const edge::ModelConfig& config);

  edge::ModelConfig config;
  int64_t size = 0;
  Matrix embedding, output;  // the same where they are tied
  int64_t final_norm = 0;
  std::vector<Layer> layers;
};

// Why this backend cannot take the model, or "": it knows Llama's own layers, 16-byte loads need widths that
// are multiples of 8, rotary pairs heads that are multiples of 16.
std::string WhyNotOnDevice(const edge::ModelConfig& config);

// The chunks of AdamW: all parameters, or those that are not Muon's.
std::vector<UpdateChunk> ChunksOf(const LlamaPlaces& places, bool muon);

// Muon's matrices: one entry for each role, the layers' matrices of that role together.
std::vector<MuonMatrices> MuonMatricesOf(const LlamaPlaces& places, bool normalize_rows);

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_LLAMA_PLACES_H_
