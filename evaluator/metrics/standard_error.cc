#include "evaluator/metrics/standard_error.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "evaluator/cpython_random.h"

namespace bonsai {
namespace {

double SampleDeviation(std::span<const double> values) {
  const double mean = Mean(values);
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace

double Mean(std::span<const double> values) {
  double sum = 0;
  for (double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double UpperMedian(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::optional<double> MeanStandardError(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  return SampleDeviation(values) / std::sqrt(static_cast<double>(values.size()));
}

std::optional<double> BootstrapStandardError(
    size_t items, size_t iterations, const std::function<double(std::span<const size_t>)>& statistic) {
  if (items < 2 || iterations < 2) return std::nullopt;
  const size_t chunk = std::min<size_t>(1000, iterations);
  std::vector<double> results;
  for (size_t i = 0; i < iterations / chunk; ++i) {
    CpythonRandom random(i);
    for (size_t j = 0; j < chunk; ++j) results.push_back(statistic(random.Choices(items, items)));
  }
  return SampleDeviation(results);
}

}  // namespace bonsai
