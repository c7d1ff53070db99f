// Takes in artifacts that another coordinator made: once their manifest and blobs are in the store and
// verify, and what they were made from is there. The rules of tracks hold for them as for a job's.
//
// A lineage that comes from outside is believed as its caller is: only admins and workers may import.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_ARTIFACT_IMPORT_H_
#define BONSAI_COORDINATOR_RPC_ARTIFACT_IMPORT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/rpc/submission_check.h"
#include "coordinator/scheduler/scheduler.h"
#include "storage/blob_store.h"

namespace bonsai {

class ArtifactImport {
 public:
  struct Parts {
    BlobStore* blobs;
    const std::vector<v1::Track>* tracks;
    // The artifact's record, if there is one.
    std::function<bool(const std::string& id, v1::ArtifactRecord* record)> find;
    // Makes the record durable.
    std::function<absl::StatusOr<v1::ArtifactRecord>(ArtifactImported)> enter;
    FindJobRecord find_job = nullptr;  // as in CheckSubmission
  };
  // All must outlive this.
  explicit ArtifactImport(Parts parts) : parts_(std::move(parts)) {}

  // Reads every byte of the artifact. An artifact that is here already is answered with its record. Errors:
  // PermissionDenied; NotFound and DataLoss: the manifest or a file; FailedPrecondition: names the artifacts
  // that it came from and that are not here, or the rules of the track that it breaks.
  absl::StatusOr<v1::ArtifactRecord> Put(const std::string& manifest_id, const Actor& actor) const;

 private:
  absl::Status CheckInputs(const v1::Manifest& manifest) const;

  const Parts parts_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_ARTIFACT_IMPORT_H_
