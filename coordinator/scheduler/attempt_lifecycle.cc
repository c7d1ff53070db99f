// How attempts start and end.
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/table_scheduler.h"
#include "coordinator/scheduler/verdict.h"

namespace bonsai {

namespace {

using Outcome = v1::AttemptRecord::Outcome;

// "timed out"
std::string OutcomeWord(Outcome outcome) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(v1::AttemptRecord::Outcome_Name(outcome)), {{"_", " "}});
}

}  // namespace

void TableScheduler::Settle(absl::Time now) {
  for (const std::string& job_id : std::exchange(touched_, {})) {
    const LiveAttempt* attempt = attempts_.Find(job_id);
    if (attempt == nullptr) continue;
    for (const RankSlot& slot : attempt->slots()) workers_.MarkChanged(slot.worker_id);
    if (attempt->ending()) dispatcher_.AttemptEnding(jobs_.Find(job_id)->sequence());
    if (attempt->over()) {
      Conclude(job_id, now);
    } else if (attempt->ending() && jobs_.Find(job_id)->state() == v1::RUNNING) {
      const std::string reason = absl::StrCat("is being stopped: ", attempt->reason());
      if (jobs_.Find(job_id)->reason() != reason) jobs_.Edit(job_id).set_reason(reason);
    }
  }
}

void TableScheduler::Conclude(const std::string& job_id, absl::Time now) {
  LiveAttempt& attempt = *attempts_.Find(job_id);
  Outcome outcome = attempt.outcome();
  std::string reason = attempt.reason();
  const RankSlot* first = attempt.Find(0);
  const RankSlot none;
  const RankSlot slot = first == nullptr ? none : *first;
  if (outcome == v1::AttemptRecord::SUCCEEDED && !slot.output) {
    outcome = v1::AttemptRecord::FAILED;
    const absl::string_view kind = OutputKind(jobs_.Find(job_id)->spec());
    reason = slot.output_id.empty()
                 ? absl::StrCat("no output: rank 0 exited without a ", kind)
                 : absl::StrCat("no output: ", slot.output_id, " is not a whole artifact of kind ", kind);
  }
  const std::vector<std::string> avoid = attempt.WorkersToAvoid();
  attempts_.Remove(job_id);
  clocks_.Remove(job_id);
  v1::JobRecord& job = jobs_.Edit(job_id);
  v1::AttemptRecord& ended = *job.mutable_attempts(job.attempts_size() - 1);
  ended.set_outcome(outcome);
  ended.set_reason(reason);
  ended.set_ended_unix_ms(absl::ToUnixMillis(now));
  if (!slot.sample.metrics().empty()) *job.mutable_result() = slot.sample.metrics();
  dispatcher_.AttemptEnded(job, now);
  if (outcome == v1::AttemptRecord::SUCCEEDED) {
    Publish(job_id, slot, now);
    jobs_.Finish(job_id, slot.output_id, now);
    durations_.Add(job);
    return;
  }
  const Verdict verdict = Judge(job, options_);
  if (verdict.state == v1::FAILED) return jobs_.Fail(job_id, verdict.reason, now);
  if (verdict.state == v1::CANCELLED) return jobs_.Cancel(job_id, verdict.reason, now);
  ExcludeWorkers(avoid, options_, job);
  jobs_.Retry(job_id, verdict.reason, verdict.backoff, now,
              {absl::StrCat("attempt ", ended.number(), " ended: ", OutcomeWord(outcome)), reason});
}

void TableScheduler::Publish(const std::string& job_id, const RankSlot& slot, absl::Time now) {
  if (artifacts_.count(slot.output_id) > 0) return;
  v1::ArtifactRecord record = *slot.output;
  record.set_id(slot.output_id);
  record.set_job_id(job_id);
  record.set_tenant(jobs_.Find(job_id)->tenant());
  AddArtifact(std::move(record), now);
}

void TableScheduler::AddArtifact(v1::ArtifactRecord record, absl::Time now) {
  record.set_created_unix_ms(absl::ToUnixMillis(now));
  record.set_sequence(counters_.next_artifact_sequence++);
  artifacts_[record.id()] = record;
  dispatcher_.ArtifactAdded(record);
  new_artifacts_.push_back(std::move(record));
}

}  // namespace bonsai
