#include "edge_runtime/engine/token_distribution.h"

#include <algorithm>
#include <cmath>

#include "edge_runtime/engine/kernels.h"

namespace bonsai::edge {

TokenDistribution::TokenDistribution(std::span<const float> logits) : logits_(logits) {
  static const Kernels& kernels = *SelectKernels(KernelSet::kAuto, nullptr);
  double sum = 0;
  kernels.sum_exp(logits.data(), logits.size(), &greatest_, &sum);
  log_sum_ = std::log(sum);
}

double TokenDistribution::LogProbability(int32_t token) const {
  return double{logits_[static_cast<size_t>(token)]} - double{greatest_} - log_sum_;
}

bool TokenDistribution::IsLikeliest(int32_t token) const {
  const size_t id = static_cast<size_t>(token);
  if (logits_[id] != greatest_) return false;
  return std::find(logits_.begin(), logits_.begin() + token, greatest_) == logits_.begin() + token;
}

}  // namespace bonsai::edge
