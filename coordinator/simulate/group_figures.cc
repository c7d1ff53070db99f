#include "coordinator/simulate/group_figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bonsai {
namespace {

// Of sorted values, at least one.
double Percentile(const std::vector<double>& sorted, double part) {
  const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

}  // namespace

v1::SimulationReport::Group GroupFigures::Report() const {
  v1::SimulationReport::Group group = group_;
  group.set_started(waits_.size());
  if (waits_.empty()) return group;
  std::vector<double> sorted = waits_;
  std::sort(sorted.begin(), sorted.end());
  group.set_wait_mean_seconds(std::accumulate(sorted.begin(), sorted.end(), 0.0) /
                              static_cast<double>(sorted.size()));
  group.set_wait_p50_seconds(Percentile(sorted, 0.5));
  group.set_wait_p95_seconds(Percentile(sorted, 0.95));
  group.set_wait_max_seconds(sorted.back());
  return group;
}

}  // namespace bonsai
