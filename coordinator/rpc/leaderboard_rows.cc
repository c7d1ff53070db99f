#include "coordinator/rpc/leaderboard_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/stderr_log.h"
#include "coordinator/rpc/submission_check.h"
#include "evaluator/tracks/leaderboard.h"
#include "evaluator/tracks/track_rules.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr size_t kSubmissionsMax = 10000;  // the newest

absl::Status NoSuchTrack(const std::string& name, const std::vector<v1::Track>& tracks) {
  std::string message = absl::StrCat("there is no track \"", name, "\"; there are:");
  for (const v1::Track& track : tracks) absl::StrAppend(&message, " ", track.name());
  return absl::NotFoundError(message);
}

}  // namespace

absl::StatusOr<v1::LeaderboardRow> LeaderboardRows::Row(const v1::ArtifactRecord& record) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto known = rows_.find(record.id());
    if (known != rows_.end()) return known->second;
  }
  absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, record.id());
  if (!manifest.ok()) return manifest.status();
  absl::StatusOr<v1::LeaderboardRow> row = ReadLeaderboardRow(*blobs_, *manifest);
  if (!row.ok()) return row.status();
  row->set_submission_id(record.id());
  row->set_created_unix_ms(record.created_unix_ms());
  std::lock_guard<std::mutex> lock(mutex_);
  if (rows_.size() < kSubmissionsMax) rows_[record.id()] = *row;
  return row;
}

absl::StatusOr<v1::GetLeaderboardResponse> LeaderboardRows::Get(const std::string& track, bool history) {
  if (!track.empty() && FindTrack(*tracks_, track) == nullptr) return NoSuchTrack(track, *tracks_);
  v1::ListArtifactsRequest request;
  request.set_kind("submission");
  std::vector<OwnedRow> rows;
  size_t submissions = 0;
  do {
    absl::StatusOr<v1::ListArtifactsResponse> page = model_->ListArtifacts(request);
    if (!page.ok()) return page.status();
    for (const v1::ArtifactRecord& record : page->artifacts()) {
      ++submissions;
      absl::StatusOr<v1::LeaderboardRow> row = Row(record);
      if (!row.ok()) {
        LogLine(
            absl::StrCat("leaderboard: submission ", record.id(), " is left out: ", row.status().ToString()));
      } else if (track.empty() || row->track() == track) {
        rows.push_back({record.tenant(), *std::move(row)});
      }
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && submissions < kSubmissionsMax);
  v1::GetLeaderboardResponse response;
  NewestRows split = SplitNewest(std::move(rows));
  std::vector<v1::LeaderboardRow> ranked = RankRows(*tracks_, std::move(split.newest));
  if (history) ranked = JoinHistory(*tracks_, std::move(ranked), std::move(split.replaced));
  for (v1::LeaderboardRow& row : ranked) *response.add_rows() = std::move(row);
  return response;
}

}  // namespace bonsai
