// Small tokenizers for tests. The tests run in their runfiles, where bonsai-train-bpe lies in worker/data.
#ifndef BONSAI_WORKER_DATA_BPE_TRAINING_TESTING_H_
#define BONSAI_WORKER_DATA_BPE_TRAINING_TESTING_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "worker/data/bpe_training.h"

namespace bonsai {

inline BpeTraining BpeTrainingForTest() {
  return BpeTraining(
      testing::TempDir(), [] { return false; }, "worker/data/bonsai-train-bpe");
}

// The model's bytes; "" and *error if it cannot be trained. `next` sets the next sentence, or returns false.
inline std::string TrainBpe(uint32_t vocab_size, const std::function<bool(std::string*)>& next,
                            std::string* error) {
  const auto read = [&next](std::string* sentence) -> absl::StatusOr<bool> { return next(sentence); };
  absl::StatusOr<std::string> model = BpeTrainingForTest().Train(vocab_size, read);
  if (!model.ok()) *error = model.status().ToString();
  return model.value_or("");
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_BPE_TRAINING_TESTING_H_
