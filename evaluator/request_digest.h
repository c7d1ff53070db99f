// The name of a request: what it asks, whoever asks it. Answers are stored under it, so that a restart,
// another suite or another worker finds them. Called by the evaluation runner. Pure.
#ifndef BONSAI_EVALUATOR_REQUEST_DIGEST_H_
#define BONSAI_EVALUATOR_REQUEST_DIGEST_H_

#include <string>

#include "evaluator/request_plan.h"

namespace bonsai {

// SHA-256 in 64 hexadecimal digits: of "score", context and continuation, or of "generate", context, stops
// and tokens_max; each list behind its length, all numbers as 8 bytes, the lowest first.
std::string RequestDigest(const ModelRequest& request);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_REQUEST_DIGEST_H_
