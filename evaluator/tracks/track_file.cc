#include "evaluator/tracks/track_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "evaluator/tracks/ranking_metric.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace bonsai {
namespace {

constexpr uintmax_t kTrackBytesMax = 1 << 20;
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
  if (absl::Status status = CheckRankingMetricName(track.ranking_metric()); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", status.message()));
  }
  return absl::OkStatus();
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
