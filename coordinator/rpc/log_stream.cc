#include "coordinator/rpc/log_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
// An agent sends a rank's last lines just before or after it reports the exit; so a log counts as drained
// once nothing has come for this long after the end.
constexpr absl::Duration kDrainTime = absl::Milliseconds(500);

struct AttemptView {
  uint32_t newest = 0;  // 0: the job has not started
  bool job_ended = false;
  bool attempt_ended = false;
};

absl::StatusOr<AttemptView> ViewAttempt(const ReadModel& model, const std::string& job_id, uint32_t attempt) {
  std::optional<v1::JobStatus> status = model.FindJob(job_id);
  if (!status) return absl::NotFoundError(absl::StrCat("there is no job \"", job_id, "\""));
  AttemptView view;
  view.job_ended = HasEnded(status->job().state());
  for (const v1::AttemptRecord& record : status->job().attempts()) {
    view.newest = record.number();
    if (record.number() == attempt)
      view.attempt_ended = record.outcome() != v1::AttemptRecord::OUTCOME_UNSPECIFIED;
  }
  if (attempt > view.newest) {
    return absl::NotFoundError(
        absl::StrCat("job ", job_id, " has no attempt ", attempt, "; the newest is ", view.newest));
  }
  return view;
}

// Writes what is there from name/offset on. False if nobody reads; `offset` moves on.
absl::StatusOr<bool> WriteAvailable(const RankLogs& logs, const RankLogName& name, uint64_t& offset,
                                    const CallStream<v1::ReadLogResponse>& stream) {
  while (!stream.cancelled() && !stream.stopping()) {
    absl::StatusOr<std::string> data = logs.Read(name, offset, kChunkBytes);
    if (!data.ok()) return data.status();
    if (data->empty()) return true;
    offset += data->size();
    v1::ReadLogResponse response;
    response.set_attempt(name.attempt);
    response.set_data(*std::move(data));
    if (!stream.write(response)) return false;
  }
  return true;
}

}  // namespace

absl::Status StreamLog(const ReadModel& model, const RankLogs& logs, const v1::ReadLogRequest& request,
                       const CallStream<v1::ReadLogResponse>& stream) {
  RankLogName name{request.job_id(), request.attempt(), request.rank(), request.samples()};
  uint64_t offset = request.offset();
  uint64_t appends = logs.WaitForAppend(UINT64_MAX, absl::ZeroDuration());
  absl::Time quiet_since = absl::Now();
  bool seen_live = false;
  while (true) {
    // The state first, then the bytes: what an ended attempt wrote before its end is then read.
    absl::StatusOr<AttemptView> view = ViewAttempt(model, request.job_id(), name.attempt);
    if (!view.ok()) return view.status();
    if (name.attempt == 0 && view->newest > 0) {
      name.attempt = view->newest;
      continue;
    }
    const uint64_t offset_before = offset;
    if (name.attempt > 0) {
      absl::StatusOr<bool> read_on = WriteAvailable(logs, name, offset, stream);
      if (!read_on.ok()) return read_on.status();
      if (!*read_on) return StreamCancelled();
    }
    if (stream.cancelled()) return StreamCancelled();
    if (stream.stopping()) return StreamStopping();
    if (!request.follow()) return absl::OkStatus();
    if (offset != offset_before) quiet_since = absl::Now();
    const bool over = view->attempt_ended || view->job_ended;
    if (!over) seen_live = true;
    if (over && (!seen_live || absl::Now() - quiet_since >= kDrainTime)) {
      if (request.attempt() == 0 && view->newest > name.attempt) {
        ++name.attempt;
        offset = 0;
        continue;
      }
      if (view->job_ended || request.attempt() != 0) return absl::OkStatus();
    }
    if (!over) quiet_since = absl::Now();
    appends = logs.WaitForAppend(appends, over ? kDrainTime / 4 : kStreamPollInterval);
  }
}

}  // namespace bonsai
