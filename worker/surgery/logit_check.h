// What an exporter wrote must compute what the model does: both run on the engine over a few tokens. Called
// by what writes weights.
#ifndef BONSAI_WORKER_SURGERY_LOGIT_CHECK_H_
#define BONSAI_WORKER_SURGERY_LOGIT_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/engine/engine.h"

namespace bonsai {

// Internal, naming the file `written`, unless every logit of `after` equals that of `before` within 1e-5
// (relative to the logit where that is larger than 1).
absl::Status CheckSameLogits(const edge::Model& before, const edge::Model& after, absl::string_view written);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_LOGIT_CHECK_H_
