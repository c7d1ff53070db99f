// The answers of an evaluation, in memory and in the store: each batch is published as a checkpoint before
// the next one is asked, so that a kill loses one batch at most, and a restart asks only what has no answer
// yet.
//
// Stored batches are files of their own, "answers-<n>.binpb"; a file is merged with the one before it where
// that holds no more answers, so that a manifest names few of them. Answers are found by what was asked
// (request_digest.h), of the same model, by the same code.
//
// Called by the evaluation runner; one thread at a time.
#ifndef BONSAI_EVALUATOR_ANSWER_STORE_H_
#define BONSAI_EVALUATOR_ANSWER_STORE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/answer.pb.h"
#include "runner/runner.h"

namespace bonsai {

class AnswerStore {
 public:
  // The context outlives this. `model_id`: the artifact that answers.
  AnswerStore(RunnerContext& context, std::string model_id);

  // Takes the answers of the task's newest checkpoint that can be read, verifies, and is of this model and
  // code. What is wrong with those passed over goes to stderr.
  void Resume();
  // Takes the answers of the parts of a split evaluation, the spec's `answers`. Errors as
  // RunnerContext::Input; FailedPrecondition if they are another model's.
  absl::Status AddParts();

  // nullptr if there is none.
  const v1::Answer* Find(absl::string_view request_sha256) const;
  size_t size() const { return by_request_.size(); }

  // Adds answers to requests that had none, and publishes the checkpoint.
  absl::Status Append(std::vector<v1::Answer> batch);
  // Publishes the answers to these requests, in this order, as the output of a part.
  absl::Status PublishPart(std::span<const std::string> requests);

 private:
  struct Piece {
    std::string bytes;
    uint64_t answers = 0;
    v1::Blob blob;  // of the bytes, once they are stored
  };

  absl::Status Load(const std::string& manifest_id);
  absl::Status PublishCheckpoint();
  void SetModel(v1::Manifest& manifest) const;

  RunnerContext& context_;
  const std::string model_id_;
  absl::flat_hash_map<std::string, v1::Answer> by_request_;
  std::vector<Piece> pieces_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ANSWER_STORE_H_
