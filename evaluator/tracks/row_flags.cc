#include "evaluator/tracks/row_flags.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "evaluator/tracks/ranking_metric.h"

namespace bonsai {
namespace {

std::string Figure(double value) { return absl::StrFormat("%.4g", value); }

// The metrics that the track speaks of, and each suite's first one: others are there for the curious.
std::set<const v1::MetricResult*> MetricsThatCount(const v1::Track& track, const v1::LeaderboardRow& row) {
  std::set<const v1::MetricResult*> metrics;
  const auto add = [&](absl::string_view name) {
    if (const v1::MetricResult* metric = FindMetric(name, row.suites()).metric) metrics.insert(metric);
  };
  add(track.ranking_metric());
  for (const std::string& name : track.required_metrics()) add(name);
  for (const v1::Track::Task& task : track.tasks()) add(task.metric());
  for (const v1::SuiteResult& suite : row.suites()) {
    if (!suite.metrics().empty()) metrics.insert(&suite.metrics(0));
  }
  return metrics;
}

// The best way of having no model, or nullptr.
const v1::Floor* BestFloor(const v1::MetricResult& metric, v1::Floor& single) {
  const v1::Floor* best = nullptr;
  if (metric.has_floor()) {
    single.set_name(metric.floor_name());
    single.set_value(metric.floor());
    best = &single;
  }
  for (const v1::Floor& floor : metric.floors()) {
    if (best == nullptr ||
        (metric.lower_is_better() ? floor.value() < best->value() : floor.value() > best->value())) {
      best = &floor;
    }
  }
  return best;
}

std::string BelowFloor(const v1::SuiteResult& suite, const v1::MetricResult& metric) {
  v1::Floor single;
  const v1::Floor* floor = BestFloor(metric, single);
  if (floor == nullptr || !std::isfinite(metric.value())) return "";
  const bool better =
      metric.lower_is_better() ? metric.value() < floor->value() : metric.value() > floor->value();
  if (better) return "";
  return absl::StrCat(suite.suite(), "/", metric.name(), " ", Figure(metric.value()), " is not ",
                      metric.lower_is_better() ? "below " : "above ", Figure(floor->value()),
                      floor->name().empty() ? "" : absl::StrCat(" (", floor->name(), ")"));
}

void AddUnmeasured(const v1::Track& track, const v1::LeaderboardRow& row, std::vector<std::string>& flags) {
  std::vector<std::string> tasks;
  for (const v1::Track::Task& task : track.tasks()) {
    if (!FindRankingValue(task.metric(), row.suites(), row.benchmarks()).has_value())
      tasks.push_back(task.name());
  }
  const bool measured = std::any_of(
      row.benchmarks().begin(), row.benchmarks().end(),
      [](const v1::BenchmarkReport& report) { return report.has_peak_memory_bytes() && !report.emulated(); });
  if (track.max_peak_memory_bytes() > 0 && !measured) tasks.push_back("peak memory");
  if (!tasks.empty()) flags.push_back(absl::StrCat("not measured: ", absl::StrJoin(tasks, ", ")));
}

}  // namespace

std::vector<std::string> FindFlags(const v1::Track& track, const v1::LeaderboardRow& row) {
  std::vector<std::string> flags;
  for (const v1::SuiteResult& suite : row.suites()) {
    if (!suite.degenerate().empty()) flags.push_back(absl::StrCat(suite.suite(), ": ", suite.degenerate()));
  }
  const std::set<const v1::MetricResult*> metrics = MetricsThatCount(track, row);
  for (const v1::SuiteResult& suite : row.suites()) {
    for (const v1::MetricResult& metric : suite.metrics()) {
      if (metrics.count(&metric) == 0) continue;
      std::string below = BelowFloor(suite, metric);
      if (!below.empty()) flags.push_back(std::move(below));
    }
  }
  for (const v1::SuiteResult& suite : row.suites()) {
    if (suite.overlap() <= 0) continue;
    flags.push_back(absl::StrFormat("%s: %.3g%% of its questions stand in the training data", suite.suite(),
                                    100 * suite.overlap()));
  }
  AddUnmeasured(track, row, flags);
  return flags;
}

}  // namespace bonsai
