// A competition's rules over a submission. Pure: what is known about the model goes in, a verdict per rule
// comes out.
#ifndef BONSAI_EVALUATOR_TRACKS_TRACK_RULES_H_
#define BONSAI_EVALUATOR_TRACKS_TRACK_RULES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// The track of that name, or nullptr.
const v1::Track* FindTrack(const std::vector<v1::Track>& tracks, absl::string_view name);

// How long a job behind a submission took, over all its attempts.
struct JobTime {
  std::string job_id;
  std::string kind;
  double seconds = 0;
};

// What a submission is, as far as rules care.
struct SubmissionFacts {
  std::vector<std::string> datasets;  // of the model's whole lineage, each once
  uint64_t parameters = 0;
  uint64_t model_bytes = 0;                // of the file of weights
  std::vector<std::string> dtypes;         // of the model's tensors
  std::vector<v1::DatasetSource> sources;  // of the model's whole lineage
  std::vector<v1::SuiteResult> suites;
  std::vector<v1::BenchmarkReport> benchmarks;
  // Of all jobs that made and measured the model. Absent: who asks has no records of jobs, and leaves the
  // budget to the coordinator, which has.
  std::optional<std::vector<JobTime>> job_times;
  std::string job_times_unknown;  // why the records do not tell; then a budget does not hold
};

// Whether the text is a day: "2024-05-31".
bool IsDay(absl::string_view text);

// The sources that were published after the track's latest day, or on a day that nobody declared, each with
// why, for people. A file of the same data set is told once.
std::vector<std::string> LateSources(const v1::Track& track, const std::vector<v1::DatasetSource>& sources);

// The names in `datasets` that the track does not allow.
std::vector<std::string> ForbiddenDatasets(const v1::Track& track, const std::vector<std::string>& datasets);

// Every rule of the track, in a fixed order, passed or not, with the value and the limit in `why`.
std::vector<v1::RuleResult> CheckTrack(const v1::Track& track, const SubmissionFacts& facts);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_TRACK_RULES_H_
