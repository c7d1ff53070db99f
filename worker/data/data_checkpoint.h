// A data job's checkpoint: the parts of documents.binpb that are complete, and which documents of which files
// were read for them (progress.json). All else that the job remembers (the duplicates' digests, lengths,
// scripts) follows from the documents that it kept, so it is made anew from the parts.
//
// Called by the data runner: saved by a thread that stores parts, loaded before there is one.
#ifndef BONSAI_WORKER_DATA_DATA_CHECKPOINT_H_
#define BONSAI_WORKER_DATA_DATA_CHECKPOINT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runner/runner.h"
#include "worker/data/corpus_report.h"
#include "worker/data/data_plan.h"

namespace bonsai {

struct DataCheckpoint {
  // Of the plan's first files, with their counts: the last one is not read to its end.
  std::vector<SourceReport> sources;
  std::vector<v1::ArtifactFile> parts;  // in their order
};

// Publishes it as the checkpoint whose step is the number of parts.
absl::Status SaveDataCheckpoint(RunnerContext& context, const DataPlan& plan,
                                const DataCheckpoint& checkpoint);

// The newest checkpoint of the task that can be read, verifies, and is of this plan; one without parts if
// there is none. What is wrong with those passed over goes to stderr.
DataCheckpoint LoadDataCheckpoint(RunnerContext& context, const DataPlan& plan);

// "part-00000.binpb"
std::string CorpusPartName(size_t index);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_DATA_CHECKPOINT_H_
