// SHA256SUMS of a submission's folder, as sha256sum writes and checks it. Called by the program
// bonsai-submission. One thread.
#ifndef BONSAI_EVALUATOR_SUBMISSION_CHECK_SUMS_H_
#define BONSAI_EVALUATOR_SUBMISSION_CHECK_SUMS_H_

#include "absl/status/status.h"
#include "evaluator/submission/submission_folder.h"

namespace bonsai {

inline constexpr char kCheckSumsFile[] = "SHA256SUMS";

// Of every file in the folder, in the order of their paths. Errors: those of reading and writing, and
// ResourceExhausted: more files than a submission has.
absl::Status WriteCheckSums(const SubmissionFolder& folder);

// OK where there is no such file. FailedPrecondition names the files that are not as it says, not there, or
// not in it.
absl::Status VerifyCheckSums(const SubmissionFolder& folder);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_CHECK_SUMS_H_
