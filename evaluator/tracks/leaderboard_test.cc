#include "evaluator/tracks/leaderboard.h"

#include <algorithm>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

std::vector<v1::Track> Tracks() {
  std::vector<v1::Track> tracks(2);
  tracks[0].set_name("low");
  tracks[0].set_ranking_metric("s/m");
  tracks[0].set_ranking_lower_is_better(true);
  tracks[1].set_name("high");
  tracks[1].set_ranking_metric("s/m");
  return tracks;
}

v1::LeaderboardRow Row(const std::string& track, const std::string& id, int64_t created) {
  v1::LeaderboardRow row;
  row.set_track(track);
  row.set_submission_id(id);
  row.set_created_unix_ms(created);
  return row;
}

v1::LeaderboardRow Row(const std::string& track, const std::string& id, int64_t created, double value) {
  v1::LeaderboardRow row = Row(track, id, created);
  v1::SuiteResult* suite = row.add_suites();
  suite->set_suite("s");
  v1::MetricResult* metric = suite->add_metrics();
  metric->set_name("m");
  metric->set_value(value);
  return row;
}

std::vector<std::string> Places(const std::vector<v1::LeaderboardRow>& rows) {
  std::vector<std::string> places;
  for (const v1::LeaderboardRow& row : rows) {
    places.push_back(row.track() + " " + std::to_string(row.rank()) + " " + row.submission_id());
  }
  return places;
}

TEST(Leaderboard, RanksEachTrackInItsOwnDirection) {
  EXPECT_EQ(Places(RankRows(Tracks(), {Row("low", "a", 1, 3.0), Row("high", "b", 2, 3.0),
                                       Row("low", "c", 3, 2.0), Row("high", "d", 4, 4.0)})),
            (std::vector<std::string>{"high 1 d", "high 2 b", "low 1 c", "low 2 a"}));
}

TEST(Leaderboard, TiesShareARankAndTheEarlierComesFirst) {
  EXPECT_EQ(Places(RankRows(Tracks(), {Row("low", "late", 9, 2.0), Row("low", "worse", 1, 2.5),
                                       Row("low", "early", 3, 2.0), Row("low", "best", 8, 1.0)})),
            (std::vector<std::string>{"low 1 best", "low 2 early", "low 2 late", "low 4 worse"}));
}

TEST(Leaderboard, RowsThatCannotBeRankedComeLast) {
  EXPECT_EQ(Places(RankRows(Tracks(), {Row("low", "none", 1), Row("low", "measured", 2, 2.0),
                                       Row("gone", "lost", 1, 2.0)})),
            (std::vector<std::string>{"gone 0 lost", "low 1 measured", "low 0 none"}));
}

TEST(Leaderboard, TheOrderOfArrivalDoesNotMatter) {
  std::vector<v1::LeaderboardRow> rows = {Row("low", "a", 1, 3.0), Row("low", "b", 1, 3.0),
                                          Row("low", "c", 1), Row("high", "d", 2, 1.0)};
  const std::vector<std::string> expected = Places(RankRows(Tracks(), rows));
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.submission_id() < b.submission_id(); });
  do {
    EXPECT_EQ(Places(RankRows(Tracks(), rows)), expected);
  } while (std::next_permutation(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.submission_id() < b.submission_id();
  }));
}

TEST(Leaderboard, RanksByPointsAndByTheGeometricMean) {
  std::vector<v1::Track> tracks = Tracks();
  tracks[1].set_ranking_metric("points");
  v1::Track::Task* task = tracks[1].add_tasks();
  task->set_name("S");
  task->set_metric("s/m");
  task->set_in_geometric_mean(true);
  const std::vector<v1::LeaderboardRow> rows = {Row("high", "a", 1, 0.2), Row("high", "b", 2, 0.4),
                                                Row("high", "c", 3)};
  const std::vector<std::string> expected = {"high 1 b", "high 2 a", "high 0 c"};
  std::vector<v1::LeaderboardRow> ranked = RankRows(tracks, rows);
  EXPECT_EQ(Places(ranked), expected);
  EXPECT_EQ(ranked[0].points_total(), 10);
  EXPECT_NEAR(ranked[0].geometric_mean(), 0.4, 1e-12);
  EXPECT_EQ(ranked[2].flags(0), "not measured: S");
  tracks[1].set_ranking_metric("geometric_mean");
  EXPECT_EQ(Places(RankRows(tracks, rows)), expected);
}

TEST(Leaderboard, AnEntryIsTheNewestOfItsOwnersNameInATrack) {
  v1::LeaderboardRow first = Row("low", "a", 1, 3.0), second = Row("low", "b", 2, 4.0),
                     other = Row("low", "c", 1, 5.0), elsewhere = Row("high", "d", 9, 6.0);
  for (v1::LeaderboardRow* row : {&first, &second, &other, &elsewhere}) row->set_name("pico");
  NewestRows split = SplitNewest({{"ann", first}, {"ann", second}, {"bob", other}, {"ann", elsewhere}});
  EXPECT_EQ(Places(split.newest), (std::vector<std::string>{"low 0 b", "low 0 c", "high 0 d"}));
  ASSERT_EQ(Places(split.replaced), (std::vector<std::string>{"low 0 a"}));
  EXPECT_EQ(Places(JoinHistory(Tracks(), RankRows(Tracks(), split.newest), split.replaced)),
            (std::vector<std::string>{"high 1 d", "low 1 b", "low 2 c", "low 0 a"}));
}

TEST(Leaderboard, NoRowsGiveNoRows) { EXPECT_TRUE(RankRows(Tracks(), {}).empty()); }

}  // namespace
}  // namespace bonsai
