#include "evaluator/tracks/leaderboard.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "evaluator/tracks/ranking_metric.h"
#include "evaluator/tracks/row_flags.h"
#include "evaluator/tracks/task_points.h"
#include "evaluator/tracks/task_scores.h"
#include "evaluator/tracks/track_rules.h"

namespace bonsai {
namespace {

struct Entry {
  v1::LeaderboardRow row;
  std::optional<double> cost;  // the ranking value, negated where higher is better
};

std::optional<double> FindRanking(const v1::Track& track, const v1::LeaderboardRow& row) {
  if (track.ranking_metric() == kPoints) {
    return row.points().empty() ? std::nullopt : std::optional<double>(row.points_total());
  }
  if (track.ranking_metric() == kGeometricMean) {
    return row.has_geometric_mean() ? std::optional<double>(row.geometric_mean()) : std::nullopt;
  }
  return FindRankingValue(track.ranking_metric(), row.suites(), row.benchmarks());
}

Entry MakeEntry(const std::vector<v1::Track>& tracks, v1::LeaderboardRow row) {
  Entry entry;
  if (const v1::Track* track = FindTrack(tracks, row.track())) {
    entry.cost = FindRanking(*track, row);
    if (entry.cost.has_value() && !track->ranking_lower_is_better()) entry.cost = -*entry.cost;
  }
  entry.row = std::move(row);
  return entry;
}

void Flag(const v1::Track& track, v1::LeaderboardRow& row) {
  const std::vector<std::string> flags = FindFlags(track, row);
  row.mutable_flags()->Assign(flags.begin(), flags.end());
}

void AwardTracks(const std::vector<v1::Track>& tracks, std::vector<v1::LeaderboardRow>& rows) {
  for (const v1::Track& track : tracks) {
    std::vector<v1::LeaderboardRow*> entries;
    for (v1::LeaderboardRow& row : rows) {
      if (row.track() == track.name()) entries.push_back(&row);
    }
    AwardPoints(track, entries);
    for (v1::LeaderboardRow* row : entries) Flag(track, *row);
  }
}

auto SortKey(const Entry& entry) {
  return std::make_tuple(std::cref(entry.row.track()), !entry.cost.has_value(), entry.cost.value_or(0),
                         entry.row.created_unix_ms(), std::cref(entry.row.submission_id()));
}

}  // namespace

std::vector<v1::LeaderboardRow> RankRows(const std::vector<v1::Track>& tracks,
                                         std::vector<v1::LeaderboardRow> rows) {
  AwardTracks(tracks, rows);
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

NewestRows SplitNewest(std::vector<OwnedRow> rows) {
  const auto age = [](const v1::LeaderboardRow& row) {
    return std::make_pair(row.created_unix_ms(), row.submission_id());
  };
  std::map<std::tuple<std::string, std::string, std::string>, size_t> newest;
  for (size_t i = 0; i < rows.size(); ++i) {
    const v1::LeaderboardRow& row = rows[i].row;
    const auto [it, fresh] = newest.emplace(std::make_tuple(rows[i].owner, row.track(), row.name()), i);
    if (!fresh && age(rows[it->second].row) < age(row)) it->second = i;
  }
  NewestRows split;
  for (size_t i = 0; i < rows.size(); ++i) {
    const v1::LeaderboardRow& row = rows[i].row;
    const bool kept = newest.at(std::make_tuple(rows[i].owner, row.track(), row.name())) == i;
    (kept ? split.newest : split.replaced).push_back(std::move(rows[i].row));
  }
  return split;
}

std::vector<v1::LeaderboardRow> JoinHistory(const std::vector<v1::Track>& tracks,
                                            std::vector<v1::LeaderboardRow> ranked,
                                            std::vector<v1::LeaderboardRow> replaced) {
  std::sort(replaced.begin(), replaced.end(), [](const v1::LeaderboardRow& a, const v1::LeaderboardRow& b) {
    return std::make_tuple(-a.created_unix_ms(), std::cref(a.submission_id())) <
           std::make_tuple(-b.created_unix_ms(), std::cref(b.submission_id()));
  });
  for (v1::LeaderboardRow& row : replaced) {
    row.set_rank(0);
    if (const v1::Track* track = FindTrack(tracks, row.track())) {
      Flag(*track, row);
      const std::optional<double> mean = FindGeometricMean(*track, row.suites(), row.benchmarks());
      if (mean.has_value()) row.set_geometric_mean(*mean);
    }
    ranked.push_back(std::move(row));
  }
  std::stable_sort(
      ranked.begin(), ranked.end(),
      [](const v1::LeaderboardRow& a, const v1::LeaderboardRow& b) { return a.track() < b.track(); });
  return ranked;
}

}  // namespace bonsai
