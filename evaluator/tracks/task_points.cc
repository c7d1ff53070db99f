#include "evaluator/tracks/task_points.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "evaluator/tracks/ranking_metric.h"
#include "evaluator/tracks/task_scores.h"

namespace bonsai {
namespace {

constexpr uint32_t kPlaces = 10;

// The points of the places from `first`, 0 being the best, of `count` entries that share them; before
// weights.
double SharedPoints(const v1::Track& track, size_t first, size_t count) {
  const size_t places = track.points_places() == 0 ? kPlaces : track.points_places();
  const auto points_of = [places](size_t place) {
    return place < places ? static_cast<double>(places - place) : 0.0;
  };
  if (track.tie_rule() != v1::Track::AVERAGED) return points_of(first);
  double sum = 0;
  for (size_t place = first; place < std::min(first + count, places); ++place) sum += points_of(place);
  return sum / static_cast<double>(count);
}

void AwardTask(const v1::Track& track, const v1::Track::Task& task,
               const std::vector<v1::LeaderboardRow*>& rows) {
  std::vector<std::optional<double>> costs;  // by row
  std::vector<double> sorted;
  for (const v1::LeaderboardRow* row : rows) {
    std::optional<double> cost = FindRankingValue(task.metric(), row->suites(), row->benchmarks());
    if (cost.has_value() && !task.lower_is_better()) cost = -*cost;
    if (cost.has_value()) sorted.push_back(*cost);
    costs.push_back(cost);
  }
  std::sort(sorted.begin(), sorted.end());
  const double weight = task.weight() == 0 ? 1 : task.weight();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!costs[i].has_value()) continue;
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), *costs[i]);
    const size_t place = static_cast<size_t>(first - sorted.begin());
    v1::TaskPoints& points = *rows[i]->add_points();
    points.set_task(task.name());
    points.set_place(static_cast<uint32_t>(place) + 1);
    points.set_points(weight * SharedPoints(track, place, static_cast<size_t>(last - first)));
  }
}

// Sums of thirds that are equal on paper are equal here too, and share a rank.
double Total(const v1::LeaderboardRow& row) {
  constexpr double kGrain = 1e9;
  double sum = 0;
  for (const v1::TaskPoints& points : row.points()) sum += points.points();
  return std::round(sum * kGrain) / kGrain;
}

}  // namespace

void AwardPoints(const v1::Track& track, const std::vector<v1::LeaderboardRow*>& rows) {
  for (v1::LeaderboardRow* row : rows) {
    row->clear_points();
    row->clear_points_total();
    row->clear_geometric_mean();
  }
  for (const v1::Track::Task& task : track.tasks()) AwardTask(track, task, rows);
  for (v1::LeaderboardRow* row : rows) {
    row->set_points_total(Total(*row));
    const std::optional<double> mean = FindGeometricMean(track, row->suites(), row->benchmarks());
    if (mean.has_value()) row->set_geometric_mean(*mean);
  }
}

}  // namespace bonsai
