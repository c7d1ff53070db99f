// Brings an artifact's files to a folder: whole and verified, or not at all.
//
// Called by the verb `pull`. Blocks; one thread.
#ifndef BONSAI_CLIENT_ARTIFACT_PULL_H_
#define BONSAI_CLIENT_ARTIFACT_PULL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/coordinator.pb.h"
#include "client/coordinator_client.h"
#include "client/session.h"

namespace bonsai {

struct PullOptions {
  std::string id;  // as in GetArtifactRequest
  std::string out_dir;
  bool force = false;  // replace files that are there
};

// Every file is read to a temporary folder inside `out_dir` and compared with its SHA-256 and size; the
// manifest that names them is compared with the artifact's id. Only when all are right are they renamed to
// their places. On an error nothing new is left. Errors: AlreadyExists (a file is there; nothing was read),
// DataLoss (bytes are not what their name says), InvalidArgument (a manifest with a path that could leave the
// folder), and those of the calls.
absl::StatusOr<v1::GetArtifactResponse> PullArtifact(const PullOptions& options, CoordinatorClient& client,
                                                     const Session& session);

// Whether an artifact's path stays inside a folder: relative, '/'-separated, no empty, "." or ".." parts, no
// control characters, at most 1024 bytes.
bool IsSafePath(absl::string_view path);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_ARTIFACT_PULL_H_
