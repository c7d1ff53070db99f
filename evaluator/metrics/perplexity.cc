#include "evaluator/metrics/perplexity.h"

#include <cmath>
#include <numeric>

#include "evaluator/metrics/standard_error.h"

namespace bonsai {
namespace {

double PerUnit(std::span<const double> loglikelihoods, std::span<const uint64_t> sizes) {
  const double sum = std::accumulate(loglikelihoods.begin(), loglikelihoods.end(), 0.);
  return sum / static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), uint64_t{0}));
}

}  // namespace

double Perplexity(std::span<const double> loglikelihoods) { return std::exp(-Mean(loglikelihoods)); }

double WeightedPerplexity(std::span<const double> loglikelihoods, std::span<const uint64_t> sizes) {
  return std::exp(-PerUnit(loglikelihoods, sizes));
}

double BitsPerByte(std::span<const double> loglikelihoods, std::span<const uint64_t> bytes) {
  return -PerUnit(loglikelihoods, bytes) / std::log(2.);
}

}  // namespace bonsai
