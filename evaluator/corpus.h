// Documents of a corpus that an evaluation reads whole. Called by the evaluation runner.
#ifndef BONSAI_EVALUATOR_CORPUS_H_
#define BONSAI_EVALUATOR_CORPUS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/document.pb.h"
#include "runner/runner.h"
#include "storage/document_file.h"

namespace bonsai {

// A bound on what an evaluation holds in memory.
inline constexpr uint64_t kCorpusBytesMax = uint64_t{256} << 20;

// The documents of the corpus that the spec field names. Errors: as RunnerContext::Input and InputPath.
absl::StatusOr<std::unique_ptr<DocumentReader>> OpenCorpus(RunnerContext& context, absl::string_view field);

// The first `documents_max` documents (0: all). InvalidArgument if they are larger than kCorpusBytesMax; as
// OpenCorpus and DocumentReader::Next.
absl::StatusOr<std::vector<v1::Document>> ReadCorpus(RunnerContext& context, absl::string_view field,
                                                     uint64_t documents_max);

// The same, as texts. InvalidArgument names the field and the first document that is not text.
absl::StatusOr<std::vector<std::string>> ReadTexts(RunnerContext& context, absl::string_view field,
                                                   uint64_t documents_max);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_CORPUS_H_
