// A submission in a folder, as `bonsai submission pack` writes it: what it is made of by manifests that vouch
// for each other (lineage/<id>.binpb), and beside them the files of its parts.
//
//   row.binpb row.json                  the leaderboard's row
//   lineage/<id>.binpb                  the manifest of the submission and of all it came from
//   model/                              the model's files, as Hugging Face's programs load them
//   reports/evaluation-0/ ...           the files of its evaluations and benchmarks
//   bundles/benchmark-0/ ...            what ran on the device
//   jobs.binpb                          how long each job took (v1.ListJobsResponse)
//   Results.csv pipeline.textproto ...  what PackSubmission derives from all these
//
// `bonsai submission check ID` fetches the first two, and the reports' report.binpb, alone. Used by the
// program bonsai-submission. One thread.
#ifndef BONSAI_EVALUATOR_SUBMISSION_SUBMISSION_FOLDER_H_
#define BONSAI_EVALUATOR_SUBMISSION_SUBMISSION_FOLDER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/report.pb.h"
#include "google/protobuf/message.h"
#include "runner/runner.h"
#include "storage/blob_store.h"

namespace bonsai {

// An artifact, and where in the folder its files are.
struct PackedArtifact {
  std::string folder;  // "model", "reports/evaluation-0"
  InputArtifact artifact;
};

class SubmissionFolder {
 public:
  // Reads the manifests, the row and the jobs, and finds the parts. NotFound, DataLoss and ResourceExhausted
  // name the file: bytes that are not what their name says, a manifest that is not there, two submissions.
  static absl::StatusOr<SubmissionFolder> Open(const std::string& path);

  const std::string& id() const { return id_; }
  const v1::Manifest& manifest() const { return manifest_; }
  const v1::LeaderboardRow& row() const { return row_; }
  const v1::ListJobsResponse& jobs() const { return jobs_; }
  BlobStore& manifests() const { return *manifests_; }
  // The submission's inputs: model, evaluations and benchmarks, and the benchmarks' bundles.
  const std::vector<PackedArtifact>& parts() const { return parts_; }
  // All that the submission came from, breadth first, without what its evaluations were compared with.
  const std::vector<InputArtifact>& lineage() const { return lineage_; }

  std::string PathOf(absl::string_view file) const;
  bool Has(absl::string_view file) const;
  // NotFound; ResourceExhausted: more than `bytes_max`.
  absl::StatusOr<std::string> Read(absl::string_view file, size_t bytes_max) const;
  // "<folder>/report.binpb" of a part. DataLoss if it is not such a message, or not the one in the manifest.
  absl::Status ReadReport(const PackedArtifact& part, google::protobuf::Message* report) const;

 private:
  absl::Status LoadManifests();
  absl::Status FindSubmission();
  absl::Status TraceParts();

  std::string path_;
  std::vector<std::string> ids_;
  std::shared_ptr<BlobStore> manifests_;
  std::string id_;
  v1::Manifest manifest_;
  v1::LeaderboardRow row_;
  v1::ListJobsResponse jobs_;
  std::vector<PackedArtifact> parts_;
  std::vector<InputArtifact> lineage_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_SUBMISSION_FOLDER_H_
