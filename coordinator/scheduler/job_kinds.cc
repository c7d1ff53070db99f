#include "coordinator/scheduler/job_kinds.h"

#include <utility>

namespace bonsai {
namespace {

constexpr std::pair<absl::string_view, absl::string_view> kOutputKinds[] = {
    {"data", "corpus"},         {"tokenizer", "tokenizer"},   {"pack", "tokens"},   {"pretrain", "model"},
    {"sft", "model"},           {"evaluate", "evaluation"},   {"export", "export"}, {"build", "bundle"},
    {"benchmark", "benchmark"}, {"submission", "submission"},
};

}  // namespace

std::string JobKind(const v1::JobSpec& spec) {
  const auto* oneof = v1::JobSpec::descriptor()->FindOneofByName("spec");
  const auto* field = spec.GetReflection()->GetOneofFieldDescriptor(spec, oneof);
  return field == nullptr ? "" : field->name();
}

absl::string_view OutputKind(absl::string_view job_kind) {
  for (const auto& [kind, output] : kOutputKinds) {
    if (kind == job_kind) return output;
  }
  return "";
}

absl::string_view OutputKind(const v1::JobSpec& spec) {
  return spec.evaluate().has_part() ? "answers" : OutputKind(JobKind(spec));
}

std::string DeviceTarget(const v1::JobSpec& spec) {
  return spec.has_benchmark() ? spec.benchmark().target() : "";
}

}  // namespace bonsai
