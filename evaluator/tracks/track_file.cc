#include "evaluator/tracks/track_file.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/job.pb.h"
#include "evaluator/tracks/ranking_metric.h"
#include "evaluator/tracks/track_rules.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace bonsai {
namespace {

constexpr uintmax_t kTrackBytesMax = 1 << 20;
constexpr int kTasksMax = 100;
constexpr uint32_t kPlacesMax = 1000;
constexpr absl::string_view kDtypes[] = {"F32", "F16", "BF16"};

// Keeps the first error: the ones after it follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(absl::string_view file) : file_(file) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!text_.empty()) return;
    // The parser counts from 0, and says -1 where it knows no place.
    text_ = line < 0 ? absl::StrCat(file_, ": ", message)
                     : absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ", message);
  }

  const std::string& text() const { return text_; }

 private:
  std::string file_;
  std::string text_;
};

absl::Status InFile(absl::string_view file, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(file, ": ", status.message()));
}

absl::Status CheckTask(const v1::Track::Task& task, const std::string& field) {
  if (task.name().empty()) return absl::InvalidArgumentError(absl::StrCat(field, ".name is empty"));
  if (absl::Status status = CheckMetricName(task.metric()); !status.ok())
    return absl::InvalidArgumentError(absl::StrCat(field, ".metric: ", status.message()));
  if (!std::isfinite(task.weight()) || task.weight() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".weight ", task.weight(), " is not a number of at least 0"));
  }
  if (task.in_geometric_mean() && task.lower_is_better()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": a task of which lower is better cannot be in_geometric_mean"));
  }
  return absl::OkStatus();
}

absl::Status CheckTasks(const v1::Track& track) {
  if (track.tasks_size() > kTasksMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("tasks has ", track.tasks_size(), " entries; at most ", kTasksMax));
  }
  std::set<std::string> names;
  for (int i = 0; i < track.tasks_size(); ++i) {
    const std::string field = absl::StrCat("tasks[", i, "]");
    if (absl::Status status = CheckTask(track.tasks(i), field); !status.ok()) return status;
    if (!names.insert(track.tasks(i).name()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".name \"", track.tasks(i).name(), "\" is another task's too"));
    }
  }
  for (const std::string& column : track.results_columns()) {
    if (names.count(column) == 0 && column != "Throughput" && column != "Memory-Usage") {
      return absl::InvalidArgumentError(
          absl::StrCat("results_columns \"", column, "\" is not a task's name, Throughput or Memory-Usage"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMetrics(const v1::Track& track) {
  for (const std::string& metric : track.required_metrics()) {
    if (absl::Status status = CheckMetricName(metric); !status.ok())
      return absl::InvalidArgumentError(absl::StrCat("required_metrics: ", status.message()));
  }
  const std::string& ranking = track.ranking_metric();
  if (ranking != kPoints && ranking != kGeometricMean) {
    const absl::Status status = CheckMetricName(ranking);
    if (status.ok()) return status;
    return absl::InvalidArgumentError(
        absl::StrCat("ranking_metric: ", status.message(), ", nor points or geometric_mean"));
  }
  const bool any = std::any_of(track.tasks().begin(), track.tasks().end(), [&](const v1::Track::Task& task) {
    return ranking == kPoints || task.in_geometric_mean();
  });
  if (!any) {
    return absl::InvalidArgumentError(absl::StrCat("ranking_metric \"", ranking, "\" needs tasks",
                                                   ranking == kPoints ? "" : " that are in_geometric_mean"));
  }
  if (track.ranking_lower_is_better()) {
    return absl::InvalidArgumentError(
        absl::StrCat("ranking_lower_is_better: of ", ranking, " more is better"));
  }
  return absl::OkStatus();
}

absl::Status CheckLimits(const v1::Track& track) {
  const double epsilon = track.geometric_mean_epsilon();
  if (!std::isfinite(epsilon) || epsilon < 0 || epsilon > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("geometric_mean_epsilon ", epsilon, " is not between 0 and 1"));
  }
  if (track.points_places() > kPlacesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("points_places ", track.points_places(), " is more than ", kPlacesMax));
  }
  if (!v1::Track::TieRule_IsValid(track.tie_rule())) {
    return absl::InvalidArgumentError(
        absl::StrCat("tie_rule ", static_cast<int>(track.tie_rule()), " is not SHARED_BEST or AVERAGED"));
  }
  if (!track.latest_source_day().empty() && !IsDay(track.latest_source_day())) {
    return absl::InvalidArgumentError(
        absl::StrCat("latest_source_day \"", track.latest_source_day(), "\" is not a day, as in 2024-05-31"));
  }
  const auto* kinds = v1::JobSpec::descriptor()->FindOneofByName("spec");
  for (const std::string& kind : track.budget_kinds()) {
    bool known = false;
    for (int i = 0; i < kinds->field_count(); ++i) known |= kinds->field(i)->name() == kind;
    if (!known)
      return absl::InvalidArgumentError(absl::StrCat("budget_kinds \"", kind, "\" is no job's kind"));
  }
  return absl::OkStatus();
}

absl::Status CheckFields(absl::string_view file, const v1::Track& track) {
  const std::string stem = std::filesystem::path(std::string(file)).stem().string();
  if (track.name() != stem) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": name \"", track.name(), "\" is not the file's name, \"", stem, "\""));
  }
  if (track.title().empty()) return absl::InvalidArgumentError(absl::StrCat(file, ": title is empty"));
  for (const std::string& dtype : track.allowed_dtypes()) {
    if (std::find(std::begin(kDtypes), std::end(kDtypes), dtype) == std::end(kDtypes)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": allowed_dtypes \"", dtype, "\" is not one of F32, F16, BF16"));
    }
  }
  for (const std::string& dataset : track.allowed_datasets()) {
    if (dataset.empty())
      return absl::InvalidArgumentError(absl::StrCat(file, ": allowed_datasets has an empty name"));
  }
  if (absl::Status status = CheckTasks(track); !status.ok()) return InFile(file, status);
  if (absl::Status status = CheckMetrics(track); !status.ok()) return InFile(file, status);
  return InFile(file, CheckLimits(track));
}

}  // namespace

absl::StatusOr<v1::Track> ParseTrack(absl::string_view file, absl::string_view text) {
  FirstError error(file);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  v1::Track track;
  if (!parser.ParseFromString(std::string(text), &track)) return absl::InvalidArgumentError(error.text());
  if (absl::Status status = CheckFields(file, track); !status.ok()) return status;
  return track;
}

absl::StatusOr<std::vector<v1::Track>> LoadTracks(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".textproto") paths.push_back(entry->path());
  }
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the folder of tracks ", folder, ": ", error.message()));
  }
  std::sort(paths.begin(), paths.end());

  std::vector<v1::Track> tracks;
  for (const std::filesystem::path& path : paths) {
    const uintmax_t size = std::filesystem::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file) return absl::NotFoundError(absl::StrCat("cannot read ", path.string()));
    if (size > kTrackBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat(path.string(), ": ", size, " bytes are more than a track has (", kTrackBytesMax, ")"));
    }
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    absl::StatusOr<v1::Track> track = ParseTrack(path.string(), text);
    if (!track.ok()) return track.status();
    tracks.push_back(*std::move(track));
  }
  return tracks;
}

}  // namespace bonsai
