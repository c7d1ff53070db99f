#include "coordinator/rpc/job_journal.h"

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/rpc/stderr_log.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

const v1::AttemptRecord* FindAttempt(const v1::JobRecord* job, uint32_t number) {
  if (job == nullptr) return nullptr;
  for (const v1::AttemptRecord& attempt : job->attempts()) {
    if (attempt.number() == number) return &attempt;
  }
  return nullptr;
}

bool Ended(const v1::AttemptRecord& attempt) {
  return attempt.outcome() != v1::AttemptRecord::OUTCOME_UNSPECIFIED;
}

bool EndsHere(const v1::JobRecord* before, const v1::AttemptRecord& attempt) {
  const v1::AttemptRecord* was = FindAttempt(before, attempt.number());
  return Ended(attempt) && (was == nullptr || !Ended(*was));
}

std::string Because(const std::string& reason) { return reason.empty() ? "" : absl::StrCat(": ", reason); }

std::string WorkersOf(const v1::AttemptRecord& attempt) {
  std::string workers;
  for (const v1::Placement& placement : attempt.placements()) {
    absl::StrAppend(&workers, workers.empty() ? "" : ", ", placement.worker_id(),
                    placement.device_id().empty() ? "" : "/", placement.device_id());
  }
  return workers;
}

bool HasNewCheckpoint(const v1::JobRecord* before, const v1::JobRecord& after) {
  if (after.checkpoints().empty()) return false;
  return before == nullptr || before->checkpoints().empty() ||
         before->checkpoints(0).manifest_id() != after.checkpoints(0).manifest_id();
}

// "pretrain": the name of the field of the spec that is set.
std::string KindOf(const v1::JobSpec& spec) {
  const auto* kind =
      spec.GetReflection()->GetOneofFieldDescriptor(spec, spec.GetDescriptor()->FindOneofByName("spec"));
  return kind == nullptr ? "none" : kind->name();
}

}  // namespace

std::vector<JobNews> DescribeJobChange(const v1::JobRecord* before, const v1::JobRecord& after) {
  std::vector<JobNews> news;
  if (before == nullptr) news.push_back({0, "is submitted"});
  for (const v1::AttemptRecord& attempt : after.attempts()) {
    if (FindAttempt(before, attempt.number()) == nullptr) {
      news.push_back({attempt.number(), absl::StrCat("starts on ", WorkersOf(attempt))});
    }
    if (EndsHere(before, attempt)) {
      news.push_back({attempt.number(),
                      absl::StrCat("ended, ", v1::AttemptRecord::Outcome_Name(attempt.outcome()),
                                   Because(attempt.reason())),
                      attempt.outcome() != v1::AttemptRecord::SUCCEEDED});
    }
  }
  if (HasNewCheckpoint(before, after)) {
    const v1::Checkpoint& newest = after.checkpoints(0);
    news.push_back({newest.attempt(), absl::StrCat("has a checkpoint at step ", newest.step(), ", ",
                                                   newest.manifest_id().substr(0, 12))});
  }
  const bool changed = before != nullptr && before->state() != after.state();
  if (changed && (HasEnded(after.state()) || after.state() == v1::CANCELLING)) {
    news.push_back(
        {0,
         absl::StrCat(
             "is ", v1::JobState_Name(after.state()), Because(after.reason()),
             after.output_id().empty() ? "" : absl::StrCat(", output ", after.output_id().substr(0, 12))),
         after.state() == v1::FAILED});
  }
  return news;
}

void RecordJobChange(Metrics& metrics, const v1::JobRecord* before, const v1::JobRecord& after) {
  for (const v1::AttemptRecord& attempt : after.attempts()) {
    if (EndsHere(before, attempt)) metrics.CountEndedAttempt(KindOf(after.spec()), attempt);
    if (FindAttempt(before, attempt.number()) != nullptr) continue;
    // One that starts with the very decision that made it ready has not waited.
    const int64_t ready_ms = before == nullptr ? 0 : before->ready_unix_ms();
    const int64_t wait_ms = ready_ms > 0 ? attempt.started_unix_ms() - ready_ms : 0;
    metrics.ObserveAdmission(after.queue(), absl::Milliseconds(wait_ms));
  }
  if (HasNewCheckpoint(before, after)) metrics.CountCheckpoint();
  for (const JobNews& news : DescribeJobChange(before, after)) {
    LogSubject subject;
    subject.job = after.id();
    subject.attempt = news.attempt;
    if (news.bad) subject.level = "warning";
    LogLine(news.text, subject);
  }
}

}  // namespace bonsai
