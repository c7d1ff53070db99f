// `bonsai storage ...`: what is done to the coordinator's storage on request.
//
// Called by CommandLine. Each blocks, prints to the session and returns an exit code (or an error that
// ReportStatus prints).
#ifndef BONSAI_CLIENT_STORAGE_VERBS_H_
#define BONSAI_CLIENT_STORAGE_VERBS_H_

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

absl::StatusOr<int> RunStorageGc(bool dry_run, Session& session);

// Prints each problem when it is found. kExitRefused if there is any.
absl::StatusOr<int> RunStorageVerify(bool quarantine, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_STORAGE_VERBS_H_
