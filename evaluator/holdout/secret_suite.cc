#include "evaluator/holdout/secret_suite.h"

#include "evaluator/holdout/holdout_result.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<Suite>> SecretSuite::Wrap(absl::StatusOr<std::unique_ptr<Suite>> made,
                                                         std::optional<double> overlap) {
  if (!made.ok()) {
    return absl::Status(
        made.status().code(),
        "the suite cannot be made of the secret questions; which one does not fit is not told here: "
        "try the suite on them where they may be read");
  }
  return std::make_unique<SecretSuite>(*std::move(made), overlap);
}

Judgement SecretSuite::Judge(const Answers& answers) const {
  Judgement judgement = suite_->Judge(answers);
  MakePublic(overlap_, &judgement);
  return judgement;
}

}  // namespace bonsai
