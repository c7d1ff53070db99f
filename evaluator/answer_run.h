// Has a model answer what an AnswerStore lacks of a RequestPlan: in the plan's order, a batch at a time, each
// stored before the next one is asked. Which batches there are changes no answer.
//
// Called by the evaluation runner. One thread.
#ifndef BONSAI_EVALUATOR_ANSWER_RUN_H_
#define BONSAI_EVALUATOR_ANSWER_RUN_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "evaluator/answer_store.h"
#include "evaluator/language_model.h"
#include "evaluator/request_plan.h"

namespace bonsai {

inline constexpr uint32_t kBatchRequests = 64;  // where the spec says nothing

// The requests to answer: entries of a plan, and their digests.
struct AnswerRange {
  const RequestPlan& plan;
  std::span<const std::string> digests;  // of all entries of the plan
  size_t begin = 0, end = 0;
};

// `progress` is told how many of the range's requests have an answer. Errors as LanguageModel and
// AnswerStore.
absl::Status AnswerAll(const AnswerRange& range, uint32_t batch_requests, const edge::Tokenizer& tokenizer,
                       LanguageModel& model, AnswerStore& store, const ScoreProgress& progress);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ANSWER_RUN_H_
