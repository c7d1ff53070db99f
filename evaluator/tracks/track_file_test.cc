#include "evaluator/tracks/track_file.h"

#include <filesystem>
#include <fstream>

#include "evaluator/tracks/track_rules.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

constexpr char kGood[] = "name: \"t\"\ntitle: \"T\"\nranking_metric: \"commonsenseqa/acc\"\n";

std::string Ranked(const std::string& by) {
  return "name: \"t\" title: \"T\" ranking_metric: \"" + by + "\" ";
}

std::string NewFolder(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder.string();
}

TEST(TrackFile, EveryShippedTrackLoads) {
  const absl::StatusOr<std::vector<v1::Track>> tracks = LoadTracks("deploy/tracks");
  ASSERT_TRUE(tracks.ok()) << tracks.status();
  std::vector<std::string> names;
  for (const v1::Track& track : *tracks) names.push_back(track.name());
  EXPECT_EQ(names, (std::vector<std::string>{"compression", "duo", "from_scratch", "merging", "open"}));

  const v1::Track& from_scratch = *FindTrack(*tracks, "from_scratch");
  EXPECT_EQ(ForbiddenDatasets(from_scratch, {"c4", "alpaca", "alpaca_zh", "commonsenseqa", "stories"}),
            (std::vector<std::string>{"commonsenseqa", "stories"}));
  EXPECT_EQ(from_scratch.max_peak_memory_bytes(), 12'000'000'000u);
  EXPECT_TRUE(from_scratch.ranking_lower_is_better());
  EXPECT_TRUE(ForbiddenDatasets(*FindTrack(*tracks, "open"), {"stories"}).empty());
  EXPECT_EQ(from_scratch.tasks_size(), 8);
  EXPECT_EQ(from_scratch.results_columns_size(), 9);
  EXPECT_EQ(FindTrack(*tracks, "merging")->budget_seconds(), 3600u);
}

TEST(TrackFile, SaysLineAndColumnOfAnUnknownField) {
  const absl::Status status = ParseTrack("a/t.textproto", "name: \"t\"\n  colour: 3\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().find("a/t.textproto:2:"), 0u) << status;
  EXPECT_NE(status.message().find("colour"), std::string::npos) << status;
}

TEST(TrackFile, RefusesFieldsThatMakeNoSense) {
  ASSERT_TRUE(ParseTrack("t.textproto", kGood).ok());
  const struct {
    const char* file;
    std::string text;
    const char* message;
  } kCases[] = {
      {"u.textproto", kGood, "name \"t\" is not the file's name, \"u\""},
      {"t.textproto", "name: \"t\" ranking_metric: \"a/b\"", "title is empty"},
      {"t.textproto", std::string(kGood) + "allowed_dtypes: \"INT8\"", "\"INT8\" is not one of F32"},
      {"t.textproto", std::string(kGood) + "allowed_datasets: \"\"", "allowed_datasets has an empty name"},
      {"t.textproto", "name: \"t\" title: \"T\" ranking_metric: \"acc\"", "\"acc\" is not suite/metric"},
      {"t.textproto", Ranked("points"), "ranking_metric \"points\" needs tasks"},
      {"t.textproto", Ranked("geometric_mean") + "tasks { name: \"a\" metric: \"a/b\" }",
       "needs tasks that are in_geometric_mean"},
      {"t.textproto",
       Ranked("points") + "tasks { name: \"a\" metric: \"a/b\" } ranking_lower_is_better: true",
       "of points more is better"},
      {"t.textproto", std::string(kGood) + "tasks { metric: \"a/b\" }", "tasks[0].name is empty"},
      {"t.textproto", std::string(kGood) + "tasks { name: \"a\" metric: \"b\" }", "tasks[0].metric: metric"},
      {"t.textproto", std::string(kGood) + "tasks { name: \"a\" metric: \"a/b\" weight: -1 }", "weight -1"},
      {"t.textproto", std::string(kGood) + "tasks { name: \"a\" metric: \"a/b\" weight: nan }", "weight nan"},
      {"t.textproto",
       std::string(kGood) +
           "tasks { name: \"a\" metric: \"a/b\" lower_is_better: true in_geometric_mean: true }",
       "cannot be in_geometric_mean"},
      {"t.textproto",
       std::string(kGood) + "tasks { name: \"a\" metric: \"a/b\" } tasks { name: \"a\" metric: \"a/c\" }",
       "\"a\" is another task's too"},
      {"t.textproto", std::string(kGood) + "results_columns: \"a\"",
       "results_columns \"a\" is not a task's name"},
      {"t.textproto", std::string(kGood) + "required_metrics: \"a\"", "required_metrics: metric \"a\""},
      {"t.textproto", std::string(kGood) + "geometric_mean_epsilon: 2", "geometric_mean_epsilon 2"},
      {"t.textproto", std::string(kGood) + "points_places: 1001", "points_places 1001 is more than 1000"},
      {"t.textproto", std::string(kGood) + "latest_source_day: \"31.5.2024\"", "\"31.5.2024\" is not a day"},
      {"t.textproto", std::string(kGood) + "budget_kinds: \"merging\"",
       "budget_kinds \"merging\" is no job's kind"},
  };
  for (const auto& bad : kCases) {
    const absl::Status status = ParseTrack(bad.file, bad.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(bad.message), std::string::npos) << status;
  }
}

TEST(TrackFile, LoadsOnlyTextprotosAndInOrder) {
  const std::string folder = NewFolder("tracks_order");
  std::ofstream(folder + "/b.textproto") << "name: \"b\" title: \"B\" ranking_metric: \"a/b\"";
  std::ofstream(folder + "/a.textproto") << "name: \"a\" title: \"A\" ranking_metric: \"a/b\"";
  std::ofstream(folder + "/README.md") << "not a track";
  const absl::StatusOr<std::vector<v1::Track>> tracks = LoadTracks(folder);
  ASSERT_TRUE(tracks.ok()) << tracks.status();
  ASSERT_EQ(tracks->size(), 2u);
  EXPECT_EQ((*tracks)[0].name(), "a");
}

TEST(TrackFile, NamesTheFolderThatIsNotThere) {
  const absl::Status status = LoadTracks(testing::TempDir() + "/no_such_folder").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(status.message().find("no_such_folder"), std::string::npos);
}

}  // namespace
}  // namespace bonsai
