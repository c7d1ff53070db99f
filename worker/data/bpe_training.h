// SentencePiece: training a BPE model, and its own ids to check ours against. Both run in bonsai-train-bpe, a
// program beside this one.
//
// Called by the tokenizer runner, one thread.
#ifndef BONSAI_WORKER_DATA_BPE_TRAINING_H_
#define BONSAI_WORKER_DATA_BPE_TRAINING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// SentencePiece skips longer sentences; callers split what is longer.
inline constexpr size_t kSentenceBytesMax = 4096;

class BpeTraining {
 public:
  // Files go into `work_dir`. `stop` says whether to give up (Cancelled). `program` is bonsai-train-bpe;
  // empty: the one beside this program.
  BpeTraining(std::string work_dir, std::function<bool()> stop, std::string program = "");

  // Trains a BPE model with byte fallback, identity normalisation, a dummy prefix, each digit a piece of its
  // own, and the ids unk 0, bos 1, eos 2. The same sentences in the same order give the same bytes. `next`
  // sets the next sentence (UTF-8, no newline, at most kSentenceBytesMax) and returns false at the end.
  // Returns the serialised model. InvalidArgument with SentencePiece's message if it cannot be trained;
  // otherwise the errors of `next`, of writing and of starting a program.
  absl::StatusOr<std::string> Train(uint32_t vocab_size,
                                    const std::function<absl::StatusOr<bool>(std::string*)>& next);

  // SentencePiece's ids of each text, by the model.
  absl::StatusOr<std::vector<std::vector<int32_t>>> Encode(absl::string_view model,
                                                           const std::vector<std::string>& texts);

 private:
  absl::Status RunProgram(const std::vector<std::string>& arguments);

  const std::string work_dir_;
  const std::function<bool()> stop_;
  const std::string program_;
};

// What SentencePiece says when a corpus does not hold enough pieces: the largest vocabulary that it allows,
// found in its message; 0 if the message is another.
uint32_t LargestVocabulary(absl::string_view training_error);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_BPE_TRAINING_H_
