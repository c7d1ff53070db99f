// Takes the artifacts of an exported archive into a coordinator, with the ids that they have. The whole
// archive is read and checked before anything is sent, so a damaged one changes nothing; what the coordinator
// has is not sent again, and an import that broke off can be repeated.
//
// Called by the verb `import`. Blocks; one thread; memory for the manifests and one piece of a blob.
#ifndef BONSAI_CLIENT_ARTIFACT_IMPORT_H_
#define BONSAI_CLIENT_ARTIFACT_IMPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "bonsai/v1/coordinator.pb.h"
#include "client/coordinator_client.h"
#include "client/session.h"

namespace bonsai {

// The records of the artifacts that were exported by name. DataLoss: what is wrong with the archive; else
// what the coordinator refused with: then the artifacts before that one are there, each with its lineage.
absl::StatusOr<v1::ListArtifactsResponse> ImportArtifacts(const std::string& path, CoordinatorClient& client,
                                                          const Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_ARTIFACT_IMPORT_H_
