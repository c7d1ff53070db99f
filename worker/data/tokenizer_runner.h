// kind tokenizer: a corpus becomes a tokenizer artifact: tokenizer.model, SentencePiece BPE with byte
// fallback. Before it is published, its ids are compared with SentencePiece's own on a sample of the corpus.
//
// Run by bonsai-run-tokenizer. Memory grows with the text that is trained on: TokenizerSpec.max_bytes bounds
// it.
#ifndef BONSAI_WORKER_DATA_TOKENIZER_RUNNER_H_
#define BONSAI_WORKER_DATA_TOKENIZER_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument (a vocab_size that the corpus does not allow, with what is possible),
// FailedPrecondition (no text), DataLoss (a broken corpus), Internal (our tokenizer and SentencePiece
// differ).
absl::Status RunTokenizer(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_TOKENIZER_RUNNER_H_
