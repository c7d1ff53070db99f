// Writes artifacts, with all that they were made from, to one file: a plain tar archive (export_index.h says
// what is in it), from which another coordinator can take them in with the same ids.
//
// Called by the verb `export`. Blocks; one thread; memory for the manifests and one piece of a blob.
#ifndef BONSAI_CLIENT_ARTIFACT_EXPORT_H_
#define BONSAI_CLIENT_ARTIFACT_EXPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "client/coordinator_client.h"
#include "client/session.h"

namespace bonsai {

struct ExportOptions {
  std::vector<std::string> ids;  // as in GetArtifactRequest
  std::string out;               // the file
};

// What was written. Every byte was compared with its name. Errors: AlreadyExists (the file; nothing was
// read), and those of ReadVerified and ArchiveWriter; then no file is left.
absl::StatusOr<v1::ListArtifactsResponse> ExportArtifacts(const ExportOptions& options,
                                                          CoordinatorClient& client, const Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_ARTIFACT_EXPORT_H_
