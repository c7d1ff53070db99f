#include "evaluator/tracks/task_scores.h"

#include <algorithm>
#include <cmath>

namespace bonsai {

double GeometricMeanEpsilon(const v1::Track& track) {
  constexpr double kDefault = 0.001;
  return track.geometric_mean_epsilon() > 0 ? track.geometric_mean_epsilon() : kDefault;
}

std::optional<double> FindGeometricMean(const v1::Track& track, const SuiteResults& suites,
                                        const BenchmarkReports& benchmarks) {
  const double epsilon = GeometricMeanEpsilon(track);
  double logarithms = 0;
  int tasks = 0;
  bool measured = false;
  for (const v1::Track::Task& task : track.tasks()) {
    if (!task.in_geometric_mean()) continue;
    const std::optional<double> score = FindRankingValue(task.metric(), suites, benchmarks);
    measured |= score.has_value();
    logarithms += std::log(std::max(score.value_or(0), epsilon));
    ++tasks;
  }
  if (!measured) return std::nullopt;
  return std::exp(logarithms / tasks);
}

int CountMeasuredTasks(const v1::Track& track, const SuiteResults& suites,
                       const BenchmarkReports& benchmarks) {
  return static_cast<int>(
      std::count_if(track.tasks().begin(), track.tasks().end(), [&](const v1::Track::Task& task) {
        return FindRankingValue(task.metric(), suites, benchmarks).has_value();
      }));
}

}  // namespace bonsai
