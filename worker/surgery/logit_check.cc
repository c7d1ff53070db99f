#include "worker/surgery/logit_check.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr int32_t kCheckedTokens = 8;
constexpr float kTolerance = 1e-5f;

absl::StatusOr<std::vector<float>> ComputeLogits(const edge::Model& model) {
  const edge::ModelConfig& config = model.config();
  std::string error;
  const std::unique_ptr<edge::Session> session = edge::Session::Create(model, edge::SessionOptions{}, &error);
  if (session == nullptr) return absl::InternalError(error);
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < std::min(kCheckedTokens, config.max_seq_len); ++i) {
    // BOS, then ids from all over the vocabulary: 7919 is a prime.
    tokens.push_back(i == 0 ? config.bos_id : static_cast<int32_t>(int64_t{i} * 7919 % config.vocab_size));
  }
  std::vector<float> logits(tokens.size() * static_cast<size_t>(config.vocab_size));
  if (!session->Forward(tokens, logits, &error)) return absl::InternalError(error);
  return logits;
}

}  // namespace

absl::Status CheckSameLogits(const edge::Model& before, const edge::Model& after, absl::string_view written) {
  const absl::StatusOr<std::vector<float>> expected = ComputeLogits(before);
  if (!expected.ok()) return expected.status();
  const absl::StatusOr<std::vector<float>> actual = ComputeLogits(after);
  if (!actual.ok()) return actual.status();
  if (expected->size() != actual->size())
    return absl::InternalError(absl::StrCat(written, ": another number of logits"));
  for (size_t i = 0; i < expected->size(); ++i) {
    const float tolerance = kTolerance * std::max(1.0f, std::fabs((*expected)[i]));
    // Written so that a NaN fails.
    if (std::fabs((*expected)[i] - (*actual)[i]) <= tolerance) continue;
    return absl::InternalError(absl::StrCat("the ", written, " just written computes otherwise: logit ", i,
                                            " is ", (*actual)[i], ", the model gives ", (*expected)[i]));
  }
  return absl::OkStatus();
}

}  // namespace bonsai
