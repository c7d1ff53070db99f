// Brings a submission to a folder, as the program bonsai-submission reads it (evaluator/submission/
// submission_folder.h says what lies where).
//
// Called by the verbs `submission check` and `submission pack`. Blocks; one thread.
#ifndef BONSAI_CLIENT_SUBMISSION_FETCH_H_
#define BONSAI_CLIENT_SUBMISSION_FETCH_H_

#include <string>

#include "absl/status/status.h"
#include "client/coordinator_client.h"
#include "client/session.h"

namespace bonsai {

struct SubmissionFetch {
  std::string id;      // as in GetArtifactRequest
  std::string folder;  // is there
  bool whole = false;  // with the model, the items and the bundles; else rows and reports alone
};

// Every byte is compared with its SHA-256. Errors: FailedPrecondition (the artifact is no submission),
// InvalidArgument (a path that could leave the folder), ResourceExhausted (a lineage too long), DataLoss, and
// those of the calls. What had come by then stays.
absl::Status FetchSubmission(const SubmissionFetch& fetch, CoordinatorClient& client, const Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SUBMISSION_FETCH_H_
