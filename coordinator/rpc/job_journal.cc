#include "coordinator/rpc/job_journal.h"

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/rpc/stderr_log.h"

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

}  // namespace

std::vector<std::string> DescribeJobChange(const v1::JobRecord* before, const v1::JobRecord& after) {
  std::vector<std::string> lines;
  if (before == nullptr) lines.push_back(absl::StrCat(after.id(), " is submitted"));
  for (const v1::AttemptRecord& attempt : after.attempts()) {
    const std::string name = absl::StrCat(after.id(), " attempt ", attempt.number());
    if (FindAttempt(before, attempt.number()) == nullptr) {
      lines.push_back(absl::StrCat(name, " starts on ", WorkersOf(attempt)));
    }
    if (EndsHere(before, attempt)) {
      lines.push_back(absl::StrCat(name, " ended, ", v1::AttemptRecord::Outcome_Name(attempt.outcome()),
                                   Because(attempt.reason())));
    }
  }
  if (!after.checkpoints().empty()) {
    const v1::Checkpoint& newest = after.checkpoints(0);
    const bool fresh = before == nullptr || before->checkpoints().empty() ||
                       before->checkpoints(0).manifest_id() != newest.manifest_id();
    if (fresh) {
      lines.push_back(absl::StrCat(after.id(), " attempt ", newest.attempt(), " has a checkpoint at step ",
                                   newest.step(), ", ", newest.manifest_id().substr(0, 12)));
    }
  }
  const bool changed = before != nullptr && before->state() != after.state();
  if (changed && (JobEnded(after) || after.state() == v1::CANCELLING)) {
    lines.push_back(absl::StrCat(
        after.id(), " is ", v1::JobState_Name(after.state()), Because(after.reason()),
        after.output_id().empty() ? "" : absl::StrCat(", output ", after.output_id().substr(0, 12))));
  }
  return lines;
}

void RecordJobChange(Metrics& metrics, const v1::JobRecord* before, const v1::JobRecord& after) {
  for (const v1::AttemptRecord& attempt : after.attempts()) {
    if (EndsHere(before, attempt)) metrics.CountAttempt(attempt.outcome());
  }
  for (const std::string& line : DescribeJobChange(before, after)) LogLine(line);
}

}  // namespace bonsai
