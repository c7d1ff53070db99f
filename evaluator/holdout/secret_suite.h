// A suite over secret questions: asks as the suite that it wraps does, and tells only what may be told.
//
// Made by the evaluation runner's list of suites for runs whose corpus is a holdout. As the suite it wraps.
#ifndef BONSAI_EVALUATOR_HOLDOUT_SECRET_SUITE_H_
#define BONSAI_EVALUATOR_HOLDOUT_SECRET_SUITE_H_

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/suites/suite.h"

namespace bonsai {

class SecretSuite : public Suite {
 public:
  // `overlap`: the share of its questions found in training data, if that was looked at.
  SecretSuite(std::unique_ptr<Suite> suite, std::optional<double> overlap)
      : suite_(std::move(suite)), overlap_(overlap) {}

  // `made`, wrapped. A suite that could not be made may say in its error what a question says; here the error
  // is only that, with its code.
  static absl::StatusOr<std::unique_ptr<Suite>> Wrap(absl::StatusOr<std::unique_ptr<Suite>> made,
                                                     std::optional<double> overlap);

  bool secret() const override { return true; }
  std::span<const ScoreRequest> requests() const override { return suite_->requests(); }
  std::span<const GenerateRequest> generations() const override { return suite_->generations(); }
  std::vector<CodeProgram> Programs(const Answers& answers) const override {
    return suite_->Programs(answers);
  }
  bool has_programs() const override { return suite_->has_programs(); }
  // MakePublic's.
  Judgement Judge(const Answers& answers) const override;

 private:
  const std::unique_ptr<Suite> suite_;
  const std::optional<double> overlap_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_HOLDOUT_SECRET_SUITE_H_
