// Chooses the next token from logits, as llama2.c's run.c does: greedy at temperature 0, otherwise softmax of
// logits / temperature, restricted by top-p, with one coin per token from a xorshift generator. The same seed
// gives the same tokens on every machine: exp is the engine's own, and equal probabilities are ordered by id.
//
// One thread at a time.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_SAMPLER_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_SAMPLER_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace bonsai::edge {

struct SamplerOptions {
  float temperature = 0.0f;  // 0: greedy
  float top_p = 0.9f;        // outside (0, 1): all tokens
  uint64_t seed = 1;         // 0 is taken as 1: the generator has no zero state
};

// The id of the greatest logit; the lowest such id. NaN is never greater; 0 if there is nothing else.
int32_t GreedyToken(std::span<const float> logits);

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  // logits.size() > 0.
  int32_t Next(std::span<const float> logits);

 private:
  float Coin();  // uniform in [0, 1)
  int32_t SampleAll(float coin) const;
  // Of the likeliest tokens that together exceed top_p.
  int32_t SampleTop(float coin);

  SamplerOptions options_;
  uint64_t state_;
  std::vector<float> probabilities_;
  std::vector<std::pair<float, int32_t>> candidates_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_SAMPLER_H_
