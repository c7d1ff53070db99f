// What tables and pages say of a job, a cell at a time.
//
// Called by the jobs' pages. Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_JOB_CELLS_H_
#define BONSAI_COORDINATOR_WEB_JOB_CELLS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/web/table.h"

namespace bonsai {

std::string KindOf(const v1::JobSpec& spec);    // "pretrain"
std::string StateName(v1::JobState state);      // "running"
std::string SpecText(const v1::JobSpec& spec);  // in protobuf's text format
std::string WorkersOf(const v1::AttemptRecord& attempt);
std::string WorkersOf(const v1::JobRecord& job);  // of its last attempt

Cell JobCell(const v1::JobRecord& job);  // its id, with a link
Cell StateCell(v1::JobState state);
Cell OutcomeCell(v1::AttemptRecord::Outcome outcome);
Cell ProgressCell(const v1::JobStatus& status);
Cell EtaCell(const v1::JobStatus& status);
// A metric of the newest sample.
Cell SampleCell(const v1::JobStatus& status, absl::string_view metric);
Cell DurationCell(absl::Duration duration);
Cell SinceCell(int64_t unix_ms, absl::Time now);
// Since its last attempt started.
Cell RunningForCell(const v1::JobRecord& job, absl::Time now);

// A list of what is known of one job, as HTML.
std::string JobFacts(const v1::JobStatus& status, absl::Time now);
// "step 120: loss 2.31 · ...", as HTML; "" where there is none.
std::string NewestSample(const v1::JobStatus& status);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_JOB_CELLS_H_
