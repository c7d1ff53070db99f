#include "evaluator/answer_run.h"

#include <algorithm>

namespace bonsai {
namespace {

v1::Answer NewAnswer(const std::string& digest) {
  v1::Answer answer;
  answer.set_request_sha256(digest);
  return answer;
}

// One batch: entries of a plan without an answer.
class Batch {
 public:
  Batch(const AnswerRange& range, std::span<const size_t> entries) : range_(range) {
    for (size_t entry : entries) {
      const ModelRequest& request = range.plan.entry(entry);
      if (request.score != nullptr) {
        scored_.push_back(entry);
        scores_.push_back(*request.score);
      } else {
        generated_.push_back(entry);
        generations_.push_back(*request.generate);
      }
    }
  }

  absl::StatusOr<std::vector<v1::Answer>> Ask(const edge::Tokenizer& tokenizer, LanguageModel& model,
                                              const ScoreProgress& progress) {
    std::vector<v1::Answer> answers;
    if (!scores_.empty()) {
      const absl::StatusOr<std::vector<Score>> scores = model.ScoreAll(scores_, progress);
      if (!scores.ok()) return scores.status();
      for (size_t i = 0; i < scores->size(); ++i) {
        answers.push_back(NewAnswer(range_.digests[scored_[i]]));
        answers.back().set_loglikelihood((*scores)[i].loglikelihood);
        answers.back().set_is_greedy((*scores)[i].is_greedy);
      }
    }
    if (!generations_.empty()) {
      const absl::StatusOr<std::vector<std::string>> texts = model.GenerateAll(
          generations_, tokenizer, [&](uint64_t done) { return progress(scores_.size() + done); });
      if (!texts.ok()) return texts.status();
      for (size_t i = 0; i < texts->size(); ++i) {
        answers.push_back(NewAnswer(range_.digests[generated_[i]]));
        answers.back().set_text((*texts)[i]);
      }
    }
    return answers;
  }

 private:
  const AnswerRange& range_;
  std::vector<size_t> scored_, generated_;
  std::vector<ScoreRequest> scores_;
  std::vector<GenerateRequest> generations_;
};

}  // namespace

absl::Status AnswerAll(const AnswerRange& range, uint32_t batch_requests, const edge::Tokenizer& tokenizer,
                       LanguageModel& model, AnswerStore& store, const ScoreProgress& progress) {
  const size_t batch_size = batch_requests == 0 ? kBatchRequests : batch_requests;
  std::vector<size_t> missing;
  for (size_t entry = range.begin; entry < range.end; ++entry) {
    if (store.Find(range.digests[entry]) == nullptr) missing.push_back(entry);
  }
  const uint64_t known = range.end - range.begin - missing.size();
  if (absl::Status status = progress(known); !status.ok()) return status;
  for (size_t begin = 0; begin < missing.size(); begin += batch_size) {
    const std::span<const size_t> entries =
        std::span(missing).subspan(begin, std::min(batch_size, missing.size() - begin));
    absl::StatusOr<std::vector<v1::Answer>> answers =
        Batch(range, entries).Ask(tokenizer, model, [&](uint64_t done) {
          return progress(known + begin + done);
        });
    if (!answers.ok()) return answers.status();
    if (absl::Status stored = store.Append(*std::move(answers)); !stored.ok()) return stored;
  }
  return absl::OkStatus();
}

}  // namespace bonsai
