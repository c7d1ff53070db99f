#include "evaluator/accuracy.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"

namespace bonsai {

size_t Argmax(std::span<const double> values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

v1::MetricResult AccuracyMetric(size_t correct, size_t total) {
  v1::MetricResult metric;
  metric.set_name("acc");
  const double mean = static_cast<double>(correct) / static_cast<double>(total);
  metric.set_value(mean);
  if (total > 1) {
    // Of values that are 0 or 1, the sum of squared deviations is n * mean * (1 - mean).
    const double n = static_cast<double>(total);
    metric.set_stderr(std::sqrt(mean * (1 - mean) / (n - 1)));
  }
  return metric;
}

void SetConstantAnswerFloor(std::span<const std::string> answers, v1::MetricResult* metric) {
  std::map<std::string, size_t> counts;
  for (const std::string& answer : answers) ++counts[answer];
  if (counts.empty()) return;
  const auto best = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  metric->set_floor(static_cast<double>(best->second) / static_cast<double>(answers.size()));
  metric->set_floor_name(absl::StrCat("always answering ", best->first));
}

}  // namespace bonsai
