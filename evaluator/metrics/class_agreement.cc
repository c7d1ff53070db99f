#include "evaluator/metrics/class_agreement.h"

#include <cmath>
#include <map>

namespace bonsai {
namespace {

struct ClassCounts {
  double expected = 0;
  double predicted = 0;
  double right = 0;
};

std::map<int32_t, ClassCounts> CountClasses(std::span<const int32_t> expected,
                                            std::span<const int32_t> predicted) {
  std::map<int32_t, ClassCounts> classes;
  for (size_t i = 0; i < expected.size(); ++i) {
    ++classes[expected[i]].expected;
    ++classes[predicted[i]].predicted;
    if (expected[i] == predicted[i]) ++classes[expected[i]].right;
  }
  return classes;
}

double F1(const ClassCounts& counts) {
  const double both = counts.expected + counts.predicted;
  return both == 0 ? 0 : 2 * counts.right / both;
}

}  // namespace

double MatthewsCorrelation(std::span<const int32_t> expected, std::span<const int32_t> predicted) {
  const auto n = static_cast<double>(expected.size());
  double right = 0;
  double product = 0;
  double expected_squares = 0;
  double predicted_squares = 0;
  for (const auto& [label, counts] : CountClasses(expected, predicted)) {
    right += counts.right;
    product += counts.expected * counts.predicted;
    expected_squares += counts.expected * counts.expected;
    predicted_squares += counts.predicted * counts.predicted;
  }
  const double variances = (n * n - expected_squares) * (n * n - predicted_squares);
  return variances == 0 ? 0 : (right * n - product) / std::sqrt(variances);
}

double BinaryF1(std::span<const int32_t> expected, std::span<const int32_t> predicted) {
  return F1(CountClasses(expected, predicted)[1]);
}

double MacroF1(std::span<const int32_t> expected, std::span<const int32_t> predicted) {
  const std::map<int32_t, ClassCounts> classes = CountClasses(expected, predicted);
  double sum = 0;
  for (const auto& [label, counts] : classes) sum += F1(counts);
  return sum / static_cast<double>(classes.size());
}

}  // namespace bonsai
