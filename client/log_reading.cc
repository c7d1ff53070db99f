#include "client/log_reading.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/coordinator_client.h"
#include "client/job_lines.h"
#include "client/json_output.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr absl::Duration kRetryInterval = absl::Milliseconds(500);
constexpr absl::Duration kAwayMax = absl::Minutes(5);

// Prints a log and, where it is followed, goes on after the coordinator was away, at the byte where it was.
class LogReading {
 public:
  LogReading(const LogsOptions& options, Session& session) : options_(options), session_(session) {
    request_.set_job_id(options.job);
    request_.set_attempt(options.attempt);
    request_.set_rank(options.rank);
    request_.set_follow(options.follow);
    request_.set_samples(options.samples);
  }

  absl::StatusOr<int> Run() {
    while (true) {
      absl::Status status = ReadOnce();
      if (status.ok() && !broken_once_) return kExitOk;
      if (status.ok()) status = NextAttempt();
      if (status.ok() && finished_) return kExitOk;
      if (!status.ok() && (!IsUnreachable(status) || !options_.follow || !answered_once_)) return status;
      if (!status.ok() && !Wait()) return status;
    }
  }

 private:
  absl::Status ReadOnce() {
    const auto address = CoordinatorAddress(session_);
    if (!address.ok()) return address.status();
    CoordinatorClient client(*address);
    return client.ReadLog(request_, [this](const v1::ReadLogResponse& response) {
      Take(response);
      return session_.out.good();
    });
  }

  void Take(const v1::ReadLogResponse& response) {
    if (away_since_ != absl::InfiniteFuture()) session_.err << "bonsai: the coordinator is back" << std::endl;
    away_since_ = absl::InfiniteFuture();
    answered_once_ = true;
    if (attempt_ != 0 && response.attempt() != attempt_) {
      session_.err << "bonsai: attempt " << response.attempt() << std::endl;
      offset_ = 0;
    }
    attempt_ = response.attempt();
    offset_ += response.data().size();
    session_.out << (session_.json ? ToJsonLine(response) : response.data()) << std::flush;
  }

  // After the coordinator was away an attempt is asked for by its number, so its end is not the log's end.
  absl::Status NextAttempt() {
    const auto address = CoordinatorAddress(session_);
    if (!address.ok()) return address.status();
    const auto status = CoordinatorClient(*address).GetJob(options_.job);
    if (!status.ok()) return status.status();
    const v1::JobRecord& job = status->job();
    const uint32_t newest = job.attempts().empty() ? 0 : job.attempts(job.attempts_size() - 1).number();
    if (options_.attempt == 0 && newest > request_.attempt()) {
      request_.set_attempt(request_.attempt() + 1);
      request_.set_offset(0);
    } else {
      finished_ = options_.attempt != 0 || HasEnded(job.state());
      request_.set_offset(offset_);
      if (!finished_) absl::SleepFor(kRetryInterval);
    }
    return absl::OkStatus();
  }

  // False when it has been away for too long.
  bool Wait() {
    if (away_since_ == absl::InfiniteFuture()) {
      away_since_ = absl::Now();
      session_.err << "bonsai: the coordinator is away; trying again" << std::endl;
    }
    if (absl::Now() - away_since_ > kAwayMax) return false;
    broken_once_ = true;
    request_.set_attempt(attempt_);
    request_.set_offset(offset_);
    absl::SleepFor(kRetryInterval);
    return true;
  }

  const LogsOptions& options_;
  Session& session_;
  v1::ReadLogRequest request_;
  uint32_t attempt_ = 0;  // that is being read
  uint64_t offset_ = 0;   // of the next byte in it
  bool answered_once_ = false, broken_once_ = false, finished_ = false;
  absl::Time away_since_ = absl::InfiniteFuture();
};

}  // namespace

absl::StatusOr<int> RunLogs(const LogsOptions& options, Session& session) {
  return LogReading(options, session).Run();
}

}  // namespace bonsai
