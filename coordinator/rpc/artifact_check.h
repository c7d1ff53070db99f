// What the coordinator accepts as an artifact: a manifest that a worker names, read back from storage, with
// every file of it there and renewed, so that none is collected before a record names it. Done on a handler's
// thread before the event goes to the loop, so that the scheduler decides on facts and the loop does not wait
// for a disk.
//
// Safe to call from any thread.
#ifndef BONSAI_COORDINATOR_RPC_ARTIFACT_CHECK_H_
#define BONSAI_COORDINATOR_RPC_ARTIFACT_CHECK_H_

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/rpc/submission_check.h"
#include "coordinator/web/metrics.h"
#include "storage/blob_store.h"

namespace bonsai {

class ArtifactCheck {
 public:
  // What was checked is remembered for so long; must be well below the age of garbage.
  static constexpr absl::Duration kRemembered = absl::Minutes(1);

  // All must outlive this.
  ArtifactCheck(BlobStore* blobs, const std::vector<v1::Track>* tracks, FindJobRecord find_job,
                Metrics* metrics, absl::Duration remembered = kRemembered)
      : blobs_(blobs),
        tracks_(tracks),
        find_job_(std::move(find_job)),
        metrics_(metrics),
        remembered_(remembered) {}

  // The record of the artifact that `job` says it wrote; its sequence and time are left to the scheduler.
  // Remembers what was found to be there for a while. DataLoss, NotFound: the manifest or a file of it;
  // FailedPrecondition: it is another job's, or a submission that its track does not admit.
  absl::StatusOr<v1::ArtifactRecord> Check(const v1::JobRecord& job, absl::string_view id);

 private:
  struct Found {
    v1::ArtifactRecord record;
    absl::Time checked;
  };

  absl::StatusOr<v1::ArtifactRecord> Read(const v1::JobRecord& job, absl::string_view id);

  BlobStore* const blobs_;
  const std::vector<v1::Track>* const tracks_;
  const FindJobRecord find_job_;
  Metrics* const metrics_;
  const absl::Duration remembered_;
  std::mutex mutex_;
  std::map<std::string, Found> found_;   // by id
  std::deque<std::string> found_order_;  // oldest first
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_ARTIFACT_CHECK_H_
