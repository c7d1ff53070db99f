// The requests of several suites as one plan, and the way back from answers to suites. Used by the evaluation
// runner. Immutable; the suites outlive it.
#ifndef BONSAI_EVALUATOR_SUITE_REQUESTS_H_
#define BONSAI_EVALUATOR_SUITE_REQUESTS_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/answer_store.h"
#include "evaluator/code_judge.h"
#include "evaluator/request_plan.h"
#include "evaluator/suites/suite.h"

namespace bonsai {

class SuiteRequests {
 public:
  explicit SuiteRequests(std::span<const std::unique_ptr<Suite>> suites);

  const RequestPlan& plan() const { return plan_; }
  // Of the plan's entries (RequestDigest).
  std::span<const std::string> digests() const { return digests_; }

  // How many entries of the plan the store has no answer to.
  size_t CountMissing(const AnswerStore& store) const;
  // The judgement of a suite (JudgeSuite) by its answers, which are all in the store; its answers_sha256 is
  // of each score's bits and greedy flag, and of each text behind its length, in the order of the suite's
  // requests.
  absl::StatusOr<Judgement> Judge(size_t suite, const AnswerStore& store, CodeJudge& code_judge,
                                  const CodeProgress& progress) const;

 private:
  const v1::Answer& AnswerTo(size_t request, const AnswerStore& store) const;

  std::span<const std::unique_ptr<Suite>> suites_;
  std::vector<size_t> first_request_;  // of each suite: its scores, then its generations
  RequestPlan plan_;
  std::vector<std::string> digests_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITE_REQUESTS_H_
