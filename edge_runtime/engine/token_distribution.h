// What a row of logits says of the next token: its log-probability by softmax, and which token is the
// likeliest. The sum over the vocabulary is made once, for any number of tokens that are asked for. The same
// bits on every CPU.
//
// Called by the evaluator. A value; the logits outlive it.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_TOKEN_DISTRIBUTION_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_TOKEN_DISTRIBUTION_H_

#include <cstdint>
#include <span>

namespace bonsai::edge {

class TokenDistribution {
 public:
  // logits.size() > 0.
  explicit TokenDistribution(std::span<const float> logits);

  // The natural logarithm of softmax(logits)[token]; not finite if a logit is not a number or infinite.
  // 0 <= token < logits.size().
  double LogProbability(int32_t token) const;
  // Whether no token is likelier, and none of a lower id as likely.
  bool IsLikeliest(int32_t token) const;

 private:
  std::span<const float> logits_;
  float greatest_ = 0;
  double log_sum_ = 0;  // of exp(logit - greatest_)
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_TOKEN_DISTRIBUTION_H_
