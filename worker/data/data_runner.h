// kind data: files from outside become a corpus artifact: documents.binpb (storage/document_file.h) and
// report.json, with the provenance of every file in its lineage. The same files and spec give the same bytes,
// whether or not the job went on from a checkpoint, of which it leaves one each spec.checkpoint_every_bytes.
//
// Run by bonsai-run-data.
#ifndef BONSAI_WORKER_DATA_DATA_RUNNER_H_
#define BONSAI_WORKER_DATA_DATA_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: NotFound (no such file), InvalidArgument (the spec; a record of the wrong shape), DataLoss (broken
// gzip or JSON array), FailedPrecondition (sha256 differs; no document is left); each names the field or the
// file and place. When asked to stop: Cancelled, behind a checkpoint of the documents so far.
absl::Status RunData(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_DATA_RUNNER_H_
