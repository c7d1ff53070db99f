#include "worker/train/adapter_files.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "edge_runtime/model/json.h"
#include "worker/train/model_files.h"

namespace bonsai {
namespace {

// The modules whose matrices are changed: "q_proj" of "...self_attn.q_proj.lora_A.weight".
std::set<std::string> TargetModules(const ParameterLayout& adapters) {
  std::set<std::string> modules;
  for (const ParameterBlock& block : adapters.blocks()) {
    const std::vector<std::string> parts = absl::StrSplit(block.spec.name, '.');
    modules.insert(parts[parts.size() - 3]);
  }
  return modules;
}

std::string WriteAdapterConfig(const LowRankModel& model) {
  edge::JsonWriter json(/*indented=*/true);
  json.BeginObject();
  json.Key("base_model_name_or_path").Null();  // the lineage knows it
  json.Key("bias").String("none");
  json.Key("fan_in_fan_out").Bool(false);
  json.Key("inference_mode").Bool(true);
  json.Key("init_lora_weights").Bool(true);
  json.Key("lora_alpha").Number(model.shape().alpha);
  json.Key("lora_dropout").Number(0.0);
  json.Key("modules_to_save").Null();
  json.Key("peft_type").String("LORA");
  json.Key("r").Integer(model.shape().rank);
  json.Key("target_modules").BeginArray();
  for (const std::string& module : TargetModules(model.layout())) json.String(module);
  json.EndArray();
  json.Key("task_type").String("CAUSAL_LM");
  json.EndObject();
  return json.text() + "\n";
}

}  // namespace

absl::Status AddAdapterFiles(RunnerContext& context, const LowRankModel& model,
                             absl::Span<const float> adapters, v1::Manifest& manifest) {
  const std::string config = WriteAdapterConfig(model);
  if (absl::Status status = AddBytes(context, config, "adapter_config.json", manifest); !status.ok())
    return status;
  const absl::Status status =
      AddTensors(context, model.layout(), adapters, "adapter_model.safetensors", manifest);
  if (!status.ok()) return status;
  AddProperty("lora_rank", absl::StrCat(model.shape().rank), manifest);
  AddProperty("trained_parameters", absl::StrCat(model.layout().size()), manifest);
  return absl::OkStatus();
}

}  // namespace bonsai
