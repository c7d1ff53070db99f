#include "worker/data/pack_runner.h"

#include <string>
#include <utility>

#include "worker/data/pack_plan.h"
#include "worker/data/pack_report.h"
#include "worker/data/pack_run.h"

namespace bonsai {

absl::Status RunPack(RunnerContext& context) {
  if (!context.task().spec().has_pack())
    return absl::InvalidArgumentError("the task's spec is not of kind pack");
  const absl::StatusOr<PackPlan> plan = PlanPack(context);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<PackResult> result = PackDocuments(context, *plan);
  if (!result.ok()) return result.status();

  v1::Manifest manifest;
  manifest.set_kind("tokens");
  for (const v1::ArtifactFile& shard : result->shards) *manifest.add_files() = shard;
  absl::Status added = AddFile(context, plan->tokenizer_path, plan->tokenizer_file, manifest);
  if (!added.ok()) return added;
  added = AddBytes(context, WritePackReport(*plan, *result), "report.json", manifest);
  if (!added.ok()) return added;
  for (auto& [name, value] : PackProperties(*plan, *result)) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(value);
  }
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace bonsai
