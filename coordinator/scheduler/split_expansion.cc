#include "coordinator/scheduler/split_expansion.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/sweep_expansion.h"

namespace bonsai {
namespace {

constexpr size_t kNameBytesMax = 64;  // of a job

absl::Status Wrong(const v1::JobSpec& job, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("job \"", job.name(), "\": ", what));
}

std::string PartName(const v1::JobSpec& job, uint32_t part) { return absl::StrCat(job.name(), "-", part); }

absl::Status Check(const v1::JobSpec& job) {
  const v1::EvaluateSpec& spec = job.evaluate();
  if (spec.has_part())
    return Wrong(job, "evaluate.part is set: parts come from evaluate.split, \"split: 4\"");
  if (!spec.answers().empty())
    return Wrong(job, "evaluate.answers is set: answers come from evaluate.split, \"split: 4\"");
  if (spec.split() > kSplitMax) {
    return Wrong(job, absl::StrCat("evaluate.split is ", spec.split(), ": must be from 1 to ", kSplitMax,
                                   ", or 0 for 1"));
  }
  if (spec.split() < 2) return absl::OkStatus();
  if (job.has_sweep()) {
    return Wrong(job, absl::StrCat("evaluate.split is ", spec.split(), ", but a sweep varies the job \"",
                                   job.sweep().job(), "\": must be 0, as its variants are jobs already"));
  }
  const size_t longest = PartName(job, spec.split() - 1).size();
  if (longest > kNameBytesMax) {
    return Wrong(
        job, absl::StrCat("evaluate.split is ", spec.split(), ": the names of its parts have up to ", longest,
                          " bytes: must have at most ", kNameBytesMax, "; give the job a shorter name"));
  }
  return absl::OkStatus();
}

// What a part does not need: it judges nothing.
v1::JobSpec Part(const v1::JobSpec& job, uint32_t index) {
  v1::JobSpec part = job;
  part.set_name(PartName(job, index));
  v1::EvaluateSpec& spec = *part.mutable_evaluate();
  spec.clear_split();
  spec.clear_compare_with();
  spec.clear_overlap_with();
  if (spec.has_bits_per_byte()) spec.mutable_bits_per_byte()->clear_xz_reference();
  spec.mutable_part()->set_index(index);
  spec.mutable_part()->set_count(job.evaluate().split());
  return part;
}

}  // namespace

absl::StatusOr<v1::Pipeline> SplitEvaluations(const v1::Pipeline& pipeline) {
  v1::Pipeline split = pipeline;
  split.clear_jobs();
  for (const v1::JobSpec& job : pipeline.jobs()) {
    if (!job.has_evaluate()) {
      *split.add_jobs() = job;
      continue;
    }
    if (absl::Status checked = Check(job); !checked.ok()) return checked;
    v1::JobSpec judge = job;
    for (uint32_t i = 0; job.evaluate().split() > 1 && i < job.evaluate().split(); ++i) {
      *split.add_jobs() = Part(job, i);
      judge.mutable_evaluate()->add_answers(absl::StrCat("@", PartName(job, i)));
    }
    *split.add_jobs() = std::move(judge);
  }
  return split;
}

absl::StatusOr<v1::Pipeline> ExpandPipeline(const v1::Pipeline& pipeline) {
  absl::StatusOr<v1::Pipeline> expanded = ExpandSweeps(pipeline);
  if (!expanded.ok()) return expanded;
  return SplitEvaluations(*expanded);
}

}  // namespace bonsai
