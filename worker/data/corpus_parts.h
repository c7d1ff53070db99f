// The documents of a corpus on their way to its artifact. They are written in parts; a part that has ended is
// stored, with a checkpoint that names it, by a thread of its own while the next one is written. In the end
// the parts are joined to documents.binpb, the same bytes however it was cut.
//
// Called by the data runner, one thread.
#ifndef BONSAI_WORKER_DATA_CORPUS_PARTS_H_
#define BONSAI_WORKER_DATA_CORPUS_PARTS_H_

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runner/runner.h"
#include "storage/document_file.h"
#include "worker/data/data_checkpoint.h"

namespace bonsai {

class CorpusParts {
 public:
  // Goes on behind the parts of a checkpoint that was loaded. Context and plan outlive it.
  CorpusParts(RunnerContext& context, const DataPlan& plan, std::vector<v1::ArtifactFile> parts);
  // Waits for what is being stored.
  ~CorpusParts();

  // Calls `visit` with every document of the parts so far.
  absl::Status ForEachDocument(const std::function<absl::Status(const v1::Document&)>& visit);

  absl::Status Append(const v1::Document& document);

  // Whether the part has plan.checkpoint_every_bytes, or, so that parts stay few, 1/256 of all documents.
  bool part_full() const;
  // Ends the part, if it holds anything, and has it stored with a checkpoint of these sources.
  absl::Status EndPart(std::vector<SourceReport> sources);
  // Waits until what was ended is stored.
  absl::Status FinishStoring();

  // The path of a file with all documents, once nothing is appended any more.
  absl::StatusOr<std::string> Join();

 private:
  std::string PathOf(size_t part) const;
  absl::Status Close();

  RunnerContext& context_;
  const DataPlan& plan_;
  std::vector<v1::ArtifactFile> stored_;
  std::unique_ptr<DocumentWriter> writer_;  // of part stored_.size(), or nullptr: nothing is appended yet
  uint64_t part_bytes_ = 0;
  uint64_t bytes_ = 0;  // of parts that have ended
  std::future<absl::StatusOr<v1::ArtifactFile>> storing_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_CORPUS_PARTS_H_
