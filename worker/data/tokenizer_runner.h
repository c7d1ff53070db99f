// kind tokenizer: a corpus becomes a tokenizer artifact. SENTENCEPIECE_BPE: tokenizer.model, BPE with byte
// fallback; before it is published, its ids are compared with SentencePiece's own on a sample of the corpus.
// BYTE_LEVEL_BPE: tokenizer.json, BPE over bytes in GPT-2's words, by our own training
// (worker/data/byte_level_training.h); what it gives every word that was trained on is compared with what
// training gave it.
//
// Run by bonsai-run-tokenizer. Memory grows with the text that is trained on: TokenizerSpec.max_bytes bounds
// it.
#ifndef BONSAI_WORKER_DATA_TOKENIZER_RUNNER_H_
#define BONSAI_WORKER_DATA_TOKENIZER_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument (a vocab_size that the corpus does not allow, with what is possible),
// FailedPrecondition (no text), DataLoss (a broken corpus), Internal (our tokenizer and the training
// differ).
absl::Status RunTokenizer(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_TOKENIZER_RUNNER_H_
