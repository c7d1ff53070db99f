// A competition's rules over a submission. Pure: what is known about the model goes in, a verdict per rule
// comes out.
#ifndef BONSAI_EVALUATOR_TRACKS_TRACK_RULES_H_
#define BONSAI_EVALUATOR_TRACKS_TRACK_RULES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// The track of that name, or nullptr.
const v1::Track* FindTrack(const std::vector<v1::Track>& tracks, absl::string_view name);

// What a submission is, as far as rules care.
struct SubmissionFacts {
  std::vector<std::string> datasets;  // of the model's whole lineage, each once
  uint64_t parameters = 0;
  std::vector<std::string> dtypes;  // of the model's tensors
  std::vector<v1::SuiteResult> suites;
  std::vector<v1::BenchmarkReport> benchmarks;
};

// The names in `datasets` that the track does not allow.
std::vector<std::string> ForbiddenDatasets(const v1::Track& track, const std::vector<std::string>& datasets);

// Every rule of the track, in a fixed order, passed or not, with the value and the limit in `why`.
std::vector<v1::RuleResult> CheckTrack(const v1::Track& track, const SubmissionFacts& facts);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_TRACK_RULES_H_
