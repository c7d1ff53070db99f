#include "evaluator/tracks/leaderboard.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "evaluator/tracks/ranking_metric.h"
#include "evaluator/tracks/track_rules.h"

namespace bonsai {
namespace {

struct Entry {
  v1::LeaderboardRow row;
  std::optional<double> cost;  // the ranking value, negated where higher is better
};

Entry MakeEntry(const std::vector<v1::Track>& tracks, v1::LeaderboardRow row) {
  Entry entry;
  if (const v1::Track* track = FindTrack(tracks, row.track())) {
    entry.cost = FindRankingValue(track->ranking_metric(), row.suites(), row.benchmarks());
    if (entry.cost.has_value() && !track->ranking_lower_is_better()) entry.cost = -*entry.cost;
  }
  entry.row = std::move(row);
  return entry;
}

auto SortKey(const Entry& entry) {
  return std::make_tuple(std::cref(entry.row.track()), !entry.cost.has_value(), entry.cost.value_or(0),
                         entry.row.created_unix_ms(), std::cref(entry.row.submission_id()));
}

}  // namespace

std::vector<v1::LeaderboardRow> RankRows(const std::vector<v1::Track>& tracks,
                                         std::vector<v1::LeaderboardRow> rows) {
  std::vector<Entry> entries;
  for (v1::LeaderboardRow& row : rows) entries.push_back(MakeEntry(tracks, std::move(row)));
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return SortKey(a) < SortKey(b); });

  rows.clear();
  uint32_t place = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    const bool same_track = i > 0 && rows.back().track() == entry.row.track();
    place = same_track ? place + 1 : 1;
    const bool tied = same_track && entry.cost.has_value() && entry.cost == entries[i - 1].cost;
    entry.row.set_rank(!entry.cost.has_value() ? 0 : tied ? rows.back().rank() : place);
    rows.push_back(std::move(entry.row));
  }
  return rows;
}

}  // namespace bonsai
