// The verb `estimate`: what the training jobs of a pipeline will cost, before any of them runs. The figures
// come from the sibling program bonsai-estimate.
//
// Called by ControlCommands. Blocks; one thread.
#ifndef BONSAI_CLIENT_ESTIMATE_VERB_H_
#define BONSAI_CLIENT_ESTIMATE_VERB_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

struct EstimateOptions {
  std::string file;
  std::map<std::string, std::string> settings;
  double tokens_per_second = 0;  // 0: this machine is measured; as for flops
  double flops = 0;
  double price_per_hour = 0;
  uint32_t vocab_size = 0;  // 0: that of the pipeline's tokenizer
};

// Becomes the sibling program; returns only on an error: those of ReadPipelineFile, NotFound (no such
// program).
absl::StatusOr<int> RunEstimate(const EstimateOptions& options, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_ESTIMATE_VERB_H_
