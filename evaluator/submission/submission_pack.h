// What `bonsai submission pack` derives from the files that it fetched. Called by the program
// bonsai-submission. One thread.
#ifndef BONSAI_EVALUATOR_SUBMISSION_SUBMISSION_PACK_H_
#define BONSAI_EVALUATOR_SUBMISSION_SUBMISSION_PACK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/report.pb.h"
#include "evaluator/submission/submission_folder.h"

namespace bonsai {

// Writes into the folder: Results.csv, predictions/<evaluation>/<suite>.csv of every suite whose items are
// there, pipeline.textproto (the submission made again), lineage.txt and reproduce.txt, check.json, and last
// SHA256SUMS. Returns lines for people: what was written, and what is missing and why. Errors: those of the
// files.
absl::StatusOr<std::vector<std::string>> PackSubmission(const SubmissionFolder& folder,
                                                        const v1::Track& track);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_SUBMISSION_PACK_H_
