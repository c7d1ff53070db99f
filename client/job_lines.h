// How one job reads: its state in a word, what its runner reports, how long it ran, and why it is where it
// is.
//
// Called by the job table and the watch views. Pure functions; times are passed in.
#ifndef BONSAI_CLIENT_JOB_LINES_H_
#define BONSAI_CLIENT_JOB_LINES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

// "waiting", "ready", "running", "stopping", "done", "FAILED", "cancelled".
std::string StateWord(v1::JobState state);

// The name within its pipeline: "pretrain" of "p1/pretrain".
std::string JobName(const v1::JobRecord& job);

// What the runner reports: {"312/500 steps", "loss 4.213", "12.3k tok/s", "ETA 1m12s"}, of that what is
// known. A job without loss and speed shows its first other metrics.
std::vector<std::string> ProgressParts(const v1::JobStatus& status);

// The share of the work that is done, in 0..1; negative if it is not known.
double ProgressShare(const v1::JobStatus& status);

// From the first attempt's start to the end, or to `now`; zero if it never ran.
absl::Duration RunTime(const v1::JobRecord& job, absl::Time now);

// Why it waits or has failed, or why its current attempt is not the first: made Printable; may be empty.
std::string WhyText(const v1::JobRecord& job);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_JOB_LINES_H_
