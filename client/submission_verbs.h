// The verbs `submission check` and `submission pack`: fetch a submission, and let the sibling program
// bonsai-submission judge it.
//
// Called by SubmissionCommands. They block; one thread.
#ifndef BONSAI_CLIENT_SUBMISSION_VERBS_H_
#define BONSAI_CLIENT_SUBMISSION_VERBS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

struct SubmissionCheckOptions {
  std::string what;   // a folder that `pack` wrote, or else an artifact's or a job's id
  std::string track;  // empty: the submission's own
};

// kExitOk: every rule passes; kExitRefused: one does not. Errors: those of FetchSubmission and RunSibling.
absl::StatusOr<int> RunSubmissionCheck(const SubmissionCheckOptions& options, Session& session);

struct SubmissionPackOptions {
  std::string id;
  std::string out_dir;  // is made; must be empty if it is there
};

// As RunSubmissionCheck, of the submission's own track. AlreadyExists: the folder is not empty.
absl::StatusOr<int> RunSubmissionPack(const SubmissionPackOptions& options, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SUBMISSION_VERBS_H_
