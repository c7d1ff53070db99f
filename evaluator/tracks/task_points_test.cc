#include "evaluator/tracks/task_points.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using Scores = std::vector<std::optional<double>>;

v1::Track MakeTrack(int tasks, v1::Track::TieRule rule = v1::Track::SHARED_BEST) {
  v1::Track track;
  track.set_tie_rule(rule);
  for (int i = 0; i < tasks; ++i) {
    v1::Track::Task* task = track.add_tasks();
    task->set_name(absl::StrCat("t", i));
    task->set_metric(absl::StrCat("t", i, "/acc"));
  }
  return track;
}

v1::LeaderboardRow Row(const std::string& id, const Scores& scores) {
  v1::LeaderboardRow row;
  row.set_submission_id(id);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (!scores[i].has_value()) continue;
    v1::SuiteResult* suite = row.add_suites();
    suite->set_suite(absl::StrCat("t", i));
    v1::MetricResult* metric = suite->add_metrics();
    metric->set_name("acc");
    metric->set_value(*scores[i]);
  }
  return row;
}

void Award(const v1::Track& track, std::vector<v1::LeaderboardRow>& rows) {
  std::vector<v1::LeaderboardRow*> pointers;
  for (v1::LeaderboardRow& row : rows) pointers.push_back(&row);
  AwardPoints(track, pointers);
}

std::vector<double> Totals(const v1::Track& track, const Scores& scores) {
  std::vector<v1::LeaderboardRow> rows;
  for (const auto& score : scores) rows.push_back(Row("", {score}));
  Award(track, rows);
  std::vector<double> totals;
  for (const v1::LeaderboardRow& row : rows) totals.push_back(row.points_total());
  return totals;
}

TEST(TaskPoints, TheTopTenGetTenToOne) {
  Scores scores;
  for (int i = 0; i < 12; ++i) scores.push_back(1.0 - 0.05 * i);
  EXPECT_EQ(Totals(MakeTrack(1), scores), (std::vector<double>{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0}));
}

TEST(TaskPoints, ThroughputCountsDouble) {
  v1::Track track = MakeTrack(1);
  track.mutable_tasks(0)->set_weight(2);
  EXPECT_EQ(Totals(track, {3.0, 5.0}), (std::vector<double>{18, 20}));
}

TEST(TaskPoints, TheTieRuleIsTheTracksOwn) {
  EXPECT_EQ(Totals(MakeTrack(1), {0.5, 0.5, 0.1}), (std::vector<double>{10, 10, 8}));
  EXPECT_EQ(Totals(MakeTrack(1, v1::Track::AVERAGED), {0.5, 0.5, 0.1}), (std::vector<double>{9.5, 9.5, 8}));
}

TEST(TaskPoints, ATieAcrossTheLastPlaceIsAveragedOverAllItsPlaces) {
  v1::Track track = MakeTrack(1, v1::Track::AVERAGED);
  track.set_points_places(2);
  EXPECT_EQ(Totals(track, {0.9, 0.5, 0.5}), (std::vector<double>{2, 0.5, 0.5}));
}

TEST(TaskPoints, LowerIsBetterWhereTheTaskSaysSo) {
  v1::Track track = MakeTrack(1);
  track.mutable_tasks(0)->set_lower_is_better(true);
  EXPECT_EQ(Totals(track, {0.3, 0.1, 0.2}), (std::vector<double>{8, 10, 9}));
}

TEST(TaskPoints, AMissingScoreEarnsNothingAndTakesNoPlace) {
  std::vector<v1::LeaderboardRow> rows = {Row("a", {std::nullopt, 0.1}), Row("b", {0.0, 0.5})};
  Award(MakeTrack(2), rows);
  ASSERT_EQ(rows[0].points_size(), 1);
  EXPECT_EQ(rows[0].points(0).task(), "t1");
  EXPECT_EQ(rows[0].points(0).place(), 2u);
  EXPECT_EQ(rows[0].points_total(), 9);
  EXPECT_EQ(rows[1].points_total(), 20) << "a measured 0 is the best where nobody else was measured";
}

TEST(TaskPoints, AwardingTwiceIsAwardingOnce) {
  std::vector<v1::LeaderboardRow> rows = {Row("a", {0.5}), Row("b", {0.4})};
  Award(MakeTrack(1), rows);
  const std::string once = rows[1].DebugString();
  Award(MakeTrack(1), rows);
  EXPECT_EQ(rows[1].DebugString(), once);
}

// Rows of few different scores, so that ties, also of many, are common, and a third of the scores missing.
std::vector<v1::LeaderboardRow> RandomRows(std::mt19937& random, size_t tasks) {
  std::vector<v1::LeaderboardRow> rows;
  const size_t count = 1 + random() % 15;
  for (size_t i = 0; i < count; ++i) {
    Scores scores;
    for (size_t task = 0; task < tasks; ++task) {
      const uint32_t draw = static_cast<uint32_t>(random() % 6);
      scores.push_back(draw < 2 ? std::nullopt : std::optional<double>(0.1 * draw));
    }
    rows.push_back(Row(absl::StrCat("r", i), scores));
  }
  return rows;
}

TEST(TaskPoints, TheOrderOfRowsChangesNothing) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const v1::Track track = MakeTrack(3, round % 2 == 0 ? v1::Track::SHARED_BEST : v1::Track::AVERAGED);
    std::vector<v1::LeaderboardRow> rows = RandomRows(random, 3);
    Award(track, rows);
    std::map<std::string, std::string> before;
    for (const v1::LeaderboardRow& row : rows) before[row.submission_id()] = row.DebugString();
    std::shuffle(rows.begin(), rows.end(), random);
    Award(track, rows);
    for (const v1::LeaderboardRow& row : rows) EXPECT_EQ(row.DebugString(), before[row.submission_id()]);
  }
}

TEST(TaskPoints, AveragedPointsOfATaskAddUpToThoseOfItsPlaces) {
  std::mt19937 random(8);
  for (int round = 0; round < 200; ++round) {
    std::vector<v1::LeaderboardRow> rows = RandomRows(random, 1);
    Award(MakeTrack(1, v1::Track::AVERAGED), rows);
    double sum = 0, expected = 0;
    int measured = 0;
    for (const v1::LeaderboardRow& row : rows) {
      sum += row.points_total();
      measured += row.points_size();
    }
    for (int place = 0; place < std::min(measured, 10); ++place) expected += 10 - place;
    EXPECT_NEAR(sum, expected, 1e-6);
  }
}

TEST(TaskPoints, ABetterScoreNeverEarnsLess) {
  std::mt19937 random(9);
  for (int round = 0; round < 200; ++round) {
    const v1::Track track = MakeTrack(1, round % 2 == 0 ? v1::Track::SHARED_BEST : v1::Track::AVERAGED);
    std::vector<v1::LeaderboardRow> rows = RandomRows(random, 1);
    Award(track, rows);
    for (const v1::LeaderboardRow& a : rows) {
      for (const v1::LeaderboardRow& b : rows) {
        if (a.suites().empty() || b.suites().empty()) continue;
        const double x = a.suites(0).metrics(0).value(), y = b.suites(0).metrics(0).value();
        if (x > y) {
          EXPECT_GE(a.points_total(), b.points_total());
        } else if (x == y) {
          EXPECT_EQ(a.points_total(), b.points_total());
        }
      }
    }
  }
}

}  // namespace
}  // namespace bonsai
