#include "worker/train/cuda/pass_memory.h"

#include <algorithm>

#include "worker/train/cuda/llama_places.h"
#include "worker/train/cuda/resident_model.h"

namespace bonsai::cuda {
namespace {

int64_t CellBytes(const ProgramOptions& options) { return options.type == CellType::kBf16 ? 2 : 4; }

}  // namespace

int64_t ModelBytes(const edge::ModelConfig& config, const ProgramOptions& options) {
  const int64_t packed = options.type == CellType::kBf16 ? 2 : 0;
  // Parameters, gradient and two moments, f32.
  return LlamaPlaces(config).size * (4 * 4 + packed);
}

int64_t PassBytes(const edge::ModelConfig& config, const ProgramOptions& options, int64_t positions) {
  const int64_t dim = config.dim, hidden = config.hidden_dim, heads = config.heads;
  const int64_t width = heads * config.head_dim;
  const int64_t qkv = (heads + 2 * config.kv_heads) * int64_t{config.head_dim};
  const int64_t cell = CellBytes(options);
  // LlamaProgram::Reserve's buffers: f32 ones, then those of the step's type.
  const int64_t layer = 4 * (2 * dim + heads + 2) + cell * (2 * dim + qkv + width + 2 * hidden);
  const int64_t besides = 4 * (2 * dim + heads + 2) + cell * (4 * dim + hidden + qkv + width);
  constexpr int64_t kLogitAlignment = 128;
  const int64_t logits =
      std::min(positions, options.logit_positions) * cell * (config.vocab_size + kLogitAlignment - 1);
  const int64_t scatter = 4 * ScatterPlan::SlotsMax(positions) * dim;
  constexpr int64_t kStagings = 3;  // two slots, and where the work reads
  const int64_t staged = 4 * kStagings * ResidentModel::WordsOf(positions);
  return positions * (config.layers * layer + besides) + logits + scatter + staged;
}

int64_t PassPositions(const edge::ModelConfig& config, const ProgramOptions& options, int64_t memory_bytes) {
  constexpr int64_t kPositionsMax = 65536;
  const int64_t room = memory_bytes / 10 * 9 - (int64_t{1} << 30) - ModelBytes(config, options);
  int64_t fits = 1, above = kPositionsMax + 1;  // PassBytes grows with the positions
  while (above - fits > 1) {
    const int64_t middle = (fits + above) / 2;
    (PassBytes(config, options, middle) <= room ? fits : above) = middle;
  }
  return fits;
}

}  // namespace bonsai::cuda
