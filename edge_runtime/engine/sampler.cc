#include "edge_runtime/engine/sampler.h"

#include <algorithm>

#include "edge_runtime/engine/kernels.h"

namespace bonsai::edge {

int32_t GreedyToken(std::span<const float> logits) {
  size_t best = 0;
  for (size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best] || (logits[best] != logits[best] && logits[i] == logits[i])) best = i;
  }
  return static_cast<int32_t>(best);
}

Sampler::Sampler(const SamplerOptions& options)
    : options_(options), state_(options.seed == 0 ? 1 : options.seed) {}

int32_t Sampler::Next(std::span<const float> logits) {
  if (!(options_.temperature > 0)) return GreedyToken(logits);
  float max = logits[0] / options_.temperature;
  probabilities_.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    probabilities_[i] = logits[i] / options_.temperature;
    max = std::max(max, probabilities_[i]);
  }
  float sum = 0;
  for (float& value : probabilities_) {
    value = ReferenceExp(value - max);
    sum += value;
  }
  for (float& value : probabilities_) value /= sum;
  const float coin = Coin();
  return options_.top_p > 0 && options_.top_p < 1 ? SampleTop(coin) : SampleAll(coin);
}

// xorshift64*, its upper 24 bits (Vigna, "An experimental exploration of Marsaglia's xorshift generators,
// scrambled").
float Sampler::Coin() {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  return static_cast<float>((state_ * 0x2545F4914F6CDD1Dull) >> 40) / 16777216.0f;
}

int32_t Sampler::SampleAll(float coin) const {
  float cumulative = 0;
  for (size_t i = 0; i < probabilities_.size(); ++i) {
    cumulative += probabilities_[i];
    if (coin < cumulative) return static_cast<int32_t>(i);
  }
  return static_cast<int32_t>(probabilities_.size()) - 1;  // rounding, or NaN
}

int32_t Sampler::SampleTop(float coin) {
  // A token below this can be in no such set: the others would hold more than 1 - top_p together.
  const float others = static_cast<float>(std::max<size_t>(probabilities_.size() - 1, 1));
  const float cutoff = (1.0f - options_.top_p) / others;
  candidates_.clear();
  for (size_t i = 0; i < probabilities_.size(); ++i) {
    if (probabilities_[i] >= cutoff) candidates_.emplace_back(probabilities_[i], static_cast<int32_t>(i));
  }
  if (candidates_.empty()) return SampleAll(coin);  // NaN everywhere
  std::sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  float total = 0;
  size_t kept = 0;
  while (kept < candidates_.size() && total <= options_.top_p) total += candidates_[kept++].first;
  const float target = coin * total;
  float cumulative = 0;
  for (size_t i = 0; i < kept; ++i) {
    cumulative += candidates_[i].first;
    if (target < cumulative) return candidates_[i].second;
  }
  return candidates_[kept - 1].second;
}

}  // namespace bonsai::edge
