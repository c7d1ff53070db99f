// Where a submission comes from, read from manifests: the data sets behind a model, and whether a report is
// about that model and no other. Called by the submission runner. Reads the blob store only.
#ifndef BONSAI_EVALUATOR_SUBMISSION_LINEAGE_H_
#define BONSAI_EVALUATOR_SUBMISSION_LINEAGE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runner/runner.h"
#include "storage/blob_store.h"

namespace bonsai {

// The files from outside that any job in the model's lineage read, and the model's own job: each once, by
// data set, file and bytes. Errors: as TraceLineage.
absl::StatusOr<std::vector<v1::DatasetSource>> TraceSources(BlobStore& store, const InputArtifact& model);

// The names of their data sets: sorted, each once.
std::vector<std::string> ListDatasets(const std::vector<v1::DatasetSource>& sources);

// Whether two "model" or "export" artifacts are the same model: the same bytes of weights and of tokenizer.
// An export keeps both; a model that was tuned further does not.
bool IsSameModel(const v1::Manifest& a, const v1::Manifest& b);

// FailedPrecondition unless the evaluation artifact is one of `model`: its report names an artifact that the
// evaluation had as an input, and that one is the same model.
absl::Status CheckEvaluationOf(BlobStore& store, const InputArtifact& model, const InputArtifact& evaluation,
                               const std::string& reported_model_id);

// FailedPrecondition unless the benchmark artifact is one of `model`: its report names a bundle that the
// benchmark had as an input, and an input of that bundle is the same model.
absl::Status CheckBenchmarkOf(BlobStore& store, const InputArtifact& model, const InputArtifact& benchmark,
                              const std::string& reported_bundle_id);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUBMISSION_LINEAGE_H_
