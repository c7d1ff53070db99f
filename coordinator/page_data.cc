#include "coordinator/page_data.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "coordinator/web/sample_series.h"
#include "evaluator/tracks/track_rules.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr size_t kItemFilesMax = 64;
// Of one file of items: what its first ones surely fit into.
constexpr size_t kItemBytesMax = 8 << 20;

// Streams of samples up to this size are read whole; of a larger one, blocks that are spread over it.
constexpr uint64_t kSampleBytesMax = 1 << 20;
constexpr uint64_t kSampleBlockBytes = 4 << 10;
constexpr int kAttemptsMax = 8;

// The first bytes of a file of items, and whether there are more.
absl::StatusOr<std::pair<std::string, bool>> ReadBeginning(BlobStore& blobs, const v1::Blob& blob) {
  if (blob.size_bytes() <= kItemBytesMax) {
    absl::StatusOr<std::string> bytes = blobs.Get(blob.sha256(), kItemBytesMax);
    if (!bytes.ok()) return bytes.status();
    return std::make_pair(*std::move(bytes), false);
  }
  absl::StatusOr<std::string> path = blobs.LocalPath(blob);
  if (!path.ok()) return path.status();
  std::string bytes(kItemBytesMax, '\0');
  std::ifstream file(*path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
    return absl::DataLossError(absl::StrCat("blob ", blob.sha256(), " is shorter than its manifest says"));
  }
  return std::make_pair(std::move(bytes), true);
}

bool IsHoldout(const v1::LeaderboardRow& row, const std::string& suite) {
  return std::any_of(row.suites().begin(), row.suites().end(), [&](const v1::SuiteResult& result) {
    return result.holdout() && absl::StartsWith(suite, result.suite());
  });
}

ItemSample ReadItems(BlobStore& blobs, const v1::ArtifactFile& file, const std::string& suite,
                     size_t items_max) {
  absl::StatusOr<std::pair<std::string, bool>> bytes = ReadBeginning(blobs, file.blob());
  absl::StatusOr<ItemSample> sample =
      bytes.ok() ? ParseItems(bytes->first, bytes->second, items_max) : bytes.status();
  ItemSample found;
  if (sample.ok()) {
    found = *std::move(sample);
  } else {
    found.problem = std::string(sample.status().message());
  }
  found.suite = suite;
  return found;
}

// From the evaluations that the submission names. What a secret suite answered is not shown, whoever wrote
// it.
std::vector<ItemSample> FindItems(const PageSources& sources, const SubmissionView& view, size_t items_max) {
  std::map<std::string, const v1::Manifest*> manifests;
  for (const v1::LineageNode& node : view.artifact.lineage()) manifests[node.id()] = &node.manifest();
  std::vector<ItemSample> samples;
  for (const v1::LineageInput& input : view.artifact.manifest().lineage().inputs()) {
    const auto found = manifests.find(input.artifact_id());
    if (found == manifests.end() || found->second->kind() != "evaluation") continue;
    for (const v1::ArtifactFile& file : found->second->files()) {
      absl::string_view suite = file.path();
      if (!absl::ConsumePrefix(&suite, "items/") || !absl::ConsumeSuffix(&suite, ".binpb")) continue;
      if (IsHoldout(view.row, std::string(suite)) || samples.size() >= kItemFilesMax) continue;
      samples.push_back(ReadItems(*sources.blobs, file, std::string(suite), items_max));
    }
  }
  return samples;
}

void AddLines(absl::string_view text, bool from_start, bool to_end, SampleSeries& series) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (!to_end && !lines.empty()) lines.pop_back();
  for (size_t i = from_start ? 0 : 1; i < lines.size(); ++i) series.AddLine(lines[i]);
}

absl::Status AddAttempt(const RankLogs& logs, const RankLogName& name, SampleSeries& series) {
  absl::StatusOr<uint64_t> size = logs.Size(name);
  if (!size.ok()) return size.status();
  series.StartAttempt();
  const uint64_t blocks = *size <= kSampleBytesMax ? 1 : kSampleBytesMax / kSampleBlockBytes;
  const uint64_t block_bytes = blocks == 1 ? *size : kSampleBlockBytes;
  for (uint64_t i = 0; i < blocks && block_bytes > 0; ++i) {
    const uint64_t offset = blocks == 1 ? 0 : (*size - block_bytes) / (blocks - 1) * i;
    absl::StatusOr<std::string> text = logs.Read(name, offset, block_bytes);
    if (!text.ok()) return text.status();
    AddLines(*text, offset == 0, blocks == 1, series);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::LeaderboardRow>> FindRows(const PageSources& sources, bool history) {
  absl::StatusOr<v1::GetLeaderboardResponse> board = sources.leaderboard->Get("", history);
  if (!board.ok()) return board.status();
  return std::vector<v1::LeaderboardRow>(board->rows().begin(), board->rows().end());
}

absl::StatusOr<SubmissionView> FindSubmission(const PageSources& sources, const std::string& id,
                                              size_t items_max) {
  v1::GetArtifactRequest request;
  request.set_id(id);
  request.set_lineage(true);
  SubmissionView view;
  absl::StatusOr<v1::GetArtifactResponse> artifact = sources.catalog->Get(request);
  if (absl::IsResourceExhausted(artifact.status())) {
    view.lineage_problem = std::string(artifact.status().message());
    request.set_lineage(false);
    artifact = sources.catalog->Get(request);
  }
  if (!artifact.ok()) return artifact.status();
  view.artifact = *std::move(artifact);
  const std::string& submission = view.artifact.record().id();
  // The board first: its ranks are those that count.
  for (const bool history : {false, true}) {
    absl::StatusOr<std::vector<v1::LeaderboardRow>> rows = FindRows(sources, history);
    if (!rows.ok()) return rows.status();
    const auto found = std::find_if(rows->begin(), rows->end(),
                                    [&](const auto& row) { return row.submission_id() == submission; });
    if (found == rows->end()) continue;
    view.row = std::move(*found);
    view.track.set_name(view.row.track());
    if (const v1::Track* track = FindTrack(*sources.tracks, view.row.track())) view.track = *track;
    if (items_max > 0) view.samples = FindItems(sources, view, items_max);
    return view;
  }
  return absl::NotFoundError(absl::StrCat("artifact ", submission, " is a ", view.artifact.record().kind(),
                                          ", not a submission on record"));
}

absl::StatusOr<Table> FindSamples(const PageSources& sources, const std::string& job_id) {
  const std::optional<v1::JobStatus> status = sources.model->FindJob(job_id);
  if (!status.has_value()) return absl::NotFoundError(absl::StrCat("there is no job \"", job_id, "\""));
  const auto& attempts = status->job().attempts();
  SampleSeries series;
  for (int i = std::max(0, attempts.size() - kAttemptsMax); i < attempts.size(); ++i) {
    const RankLogName name{job_id, attempts[i].number(), 0, true};
    if (absl::Status added = AddAttempt(*sources.logs, name, series); !added.ok()) return added;
  }
  return series.ToTable(job_id);
}

JobBoard TakeJobBoard(const ReadModel& model) {
  JobBoard board;
  board.by_state = model.JobsByState();
  // Of the ended ones only the newest are copied, which are known at the end: ids first.
  std::multimap<int64_t, std::string> ended;
  model.ForEachJob([&](const v1::JobStatus& status) {
    const v1::JobState state = status.job().state();
    if (state == v1::RUNNING || state == v1::CANCELLING) {
      if (board.running.size() < kBoardRunningMax) board.running.push_back(status);
    } else if (state == v1::WAITING || state == v1::READY) {
      if (board.waiting.size() < kBoardWaitingMax) board.waiting.push_back(status);
    } else if (ended.size() < kBoardEndedMax || ended.begin()->first < status.job().ended_unix_ms()) {
      ended.emplace(status.job().ended_unix_ms(), status.job().id());
      if (ended.size() > kBoardEndedMax) ended.erase(ended.begin());
    }
  });
  const auto submitted_before = [](const v1::JobStatus& a, const v1::JobStatus& b) {
    return a.job().sequence() < b.job().sequence();
  };
  std::sort(board.running.begin(), board.running.end(), submitted_before);
  std::sort(board.waiting.begin(), board.waiting.end(), submitted_before);
  for (auto it = ended.rbegin(); it != ended.rend(); ++it) {
    std::optional<v1::JobStatus> status = model.FindJob(it->second);
    if (status.has_value()) board.ended.push_back(*std::move(status));
  }
  return board;
}

}  // namespace bonsai
