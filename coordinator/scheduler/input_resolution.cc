#include "coordinator/scheduler/input_resolution.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/spec_inputs.h"

namespace bonsai {

std::vector<v1::ResolvedInput> SweepInputs(const v1::Pipeline& pipeline, const v1::JobSpec& selecting) {
  std::vector<v1::ResolvedInput> inputs;
  for (const v1::JobSpec& job : pipeline.jobs()) {
    if (job.sweep().job() != selecting.sweep().job() || job.sweep().selects()) continue;
    v1::ResolvedInput& input = inputs.emplace_back();
    input.set_field(absl::StrCat("sweep[", inputs.size() - 1, "]"));
    input.set_job_id(job.name());
    input.set_kinds(std::string(OutputKind(selecting)));
  }
  return inputs;
}

std::vector<std::vector<v1::ResolvedInput>> ResolveInputs(const v1::Pipeline& pipeline) {
  std::vector<std::vector<v1::ResolvedInput>> inputs;
  for (const v1::JobSpec& job : pipeline.jobs()) {
    if (job.sweep().selects()) {
      inputs.push_back(SweepInputs(pipeline, job));
      continue;
    }
    std::vector<v1::ResolvedInput>& resolved = inputs.emplace_back();
    for (const SpecInput& input : ListSpecInputs(job)) {
      v1::ResolvedInput& one = resolved.emplace_back();
      one.set_field(input.field);
      one.set_kinds(input.kinds);
      const bool job_output = !input.value.empty() && input.value[0] == '@';
      if (job_output) one.set_job_id(input.value.substr(1));
      if (!job_output) one.set_artifact_id(input.value);
    }
  }
  return inputs;
}

}  // namespace bonsai
