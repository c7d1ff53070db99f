// A worker's configuration file, checked, and what the worker offers by it.
//
// Called once by main. Functions without state.
#ifndef BONSAI_WORKER_AGENT_WORKER_CONFIG_H_
#define BONSAI_WORKER_AGENT_WORKER_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "bonsai/v1/config.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

// Reads a WorkerConfig in text format; folders become absolute, `metrics_address` gets its default.
// InvalidArgument names the file with line and column, or the field, its value and what would be valid.
absl::StatusOr<v1::WorkerConfig> ReadWorkerConfig(const std::string& path);

// What the configuration says, else what the machine has; the kinds are those whose runner is in runner_dir.
// InvalidArgument if there is none.
absl::StatusOr<v1::WorkerOffer> MakeOffer(const v1::WorkerConfig& config);

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_WORKER_CONFIG_H_
