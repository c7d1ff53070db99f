#include "edge_runtime/farm/reference_tokens.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/engine.h"
#include "edge_runtime/engine/runnable_model.h"
#include "edge_runtime/engine/sampler.h"

namespace bonsai {

absl::StatusOr<ReferenceTokens> ComputeReferenceTokens(const std::string& bundle_path,
                                                       const std::string& prompt, int32_t count) {
  edge::RunnableModel runnable;
  std::string error;
  if (!edge::OpenBundle(bundle_path, /*verify=*/true, &runnable, &error)) {
    return absl::DataLossError(absl::StrCat("the bundle: ", error));
  }
  if (runnable.tokenizer == nullptr) return absl::FailedPreconditionError("the bundle holds no tokenizer");
  std::vector<int32_t> ids;
  if (runnable.tokenizer->bos_id() >= 0) ids.push_back(runnable.tokenizer->bos_id());
  for (const int32_t id : runnable.tokenizer->Encode(prompt)) ids.push_back(id);
  const edge::ModelConfig& config = runnable.model->config();
  const int64_t wanted = static_cast<int64_t>(ids.size()) + count - 1;
  if (ids.empty() || wanted > config.max_seq_len) {
    return absl::FailedPreconditionError(absl::StrCat("benchmark.prompt has ", ids.size(),
                                                      " tokens and benchmark.decode_tokens is ", count,
                                                      "; the model has ", config.max_seq_len, " positions"));
  }
  const edge::SessionOptions options = {
      .positions_max = static_cast<int32_t>(wanted), .threads = 1, .kernels = edge::KernelSet::kScalar};
  const std::unique_ptr<edge::Session> session = edge::Session::Create(*runnable.model, options, &error);
  if (session == nullptr) return absl::FailedPreconditionError(absl::StrCat("the engine: ", error));
  ReferenceTokens reference;
  reference.prompt_tokens = static_cast<int64_t>(ids.size());
  std::vector<float> logits(config.vocab_size);
  while (static_cast<int32_t>(reference.token_ids.size()) < count) {
    if (!session->Forward(ids, logits, &error))
      return absl::InternalError(absl::StrCat("the engine: ", error));
    reference.token_ids.push_back(edge::GreedyToken(logits));
    ids.assign(1, reference.token_ids.back());
  }
  return reference;
}

}  // namespace bonsai
