// The runner of kind "submission": a model and its reports -> a "submission" artifact (v1.LeaderboardRow), if
// the track's rules hold. Its main() is bonsai-run-submission; tests call RunSubmission with a fake context.
#ifndef BONSAI_EVALUATOR_SUBMISSION_RUNNER_H_
#define BONSAI_EVALUATOR_SUBMISSION_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Gathers the model's facts from its files and its whole lineage, checks that every report is about this
// model, applies the track (a file of <share_dir>/tracks), and publishes row.binpb and row.json. Errors:
// FailedPrecondition lists every rule that failed, or names the report of another model; InvalidArgument
// names the spec's field (no such track, no name, a suite that two evaluations hold); as RunnerContext.
absl::Status RunSubmission(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_RUNNER_H_
