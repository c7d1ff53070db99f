// A model whose layers share weights, as the model that it computes: one whose layers have weights of their
// own, which happen to be equal. Formats without a word for sharing hold it so. Called by the export runner.
#ifndef BONSAI_WORKER_SURGERY_REPEATED_LAYERS_H_
#define BONSAI_WORKER_SURGERY_REPEATED_LAYERS_H_

#include <string>

#include "absl/status/status.h"
#include "edge_runtime/model/checked_model.h"

namespace bonsai {

// Gives every layer its tensors by name; those of layers that shared weights view the same bytes.
void RepeatLayers(edge::CheckedModel& model);

// Writes the repeated model's tensors to a safetensors file at `path`, streaming. An error of the disk, such
// as ResourceExhausted.
absl::Status WriteTensors(const edge::CheckedModel& repeated, const std::string& path);

// Internal unless the file at `path`, under this config.json, computes what the shared model does.
absl::Status CheckSameLogits(const edge::ModelBytes& shared, const std::string& config_json,
                             const std::string& path);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_REPEATED_LAYERS_H_
