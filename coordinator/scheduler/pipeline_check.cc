#include "coordinator/scheduler/pipeline_check.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "coordinator/scheduler/export_label.h"
#include "coordinator/scheduler/input_resolution.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/job_order.h"
#include "coordinator/scheduler/last_outputs.h"
#include "coordinator/scheduler/near_names.h"
#include "coordinator/scheduler/problem_list.h"
#include "coordinator/scheduler/spec_bounds.h"
#include "coordinator/scheduler/spec_inputs.h"
#include "coordinator/scheduler/split_expansion.h"
#include "coordinator/scheduler/track_sources.h"
#include "evaluator/tracks/track_rules.h"

namespace bonsai {
namespace {

constexpr int kJobsMax = 1000;
constexpr size_t kNameBytesMax = 64;

bool IsJobName(absl::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool IsArtifactId(absl::string_view id) {
  return id.size() == 64 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool Takes(absl::string_view kinds, absl::string_view kind) {
  const std::vector<absl::string_view> all = absl::StrSplit(kinds, '|');
  return std::find(all.begin(), all.end(), kind) != all.end();
}

std::string Or(absl::string_view kinds) { return absl::StrReplaceAll(kinds, {{"|", " or "}}); }

class Check {
 public:
  Check(const v1::Pipeline& pipeline, const PipelineCheckContext& context)
      : pipeline_(pipeline), context_(context) {}

  absl::StatusOr<CheckedPipeline> Run();

 private:
  void CheckNames();
  void CheckJob(int index);
  std::optional<v1::ResolvedInput> Resolve(int index, const SpecInput& input);
  void CheckLastOutput(const SpecInput& input, const std::string& name);
  std::optional<v1::ResolvedInput> ResolveJob(int index, const SpecInput& input);
  std::optional<v1::ResolvedInput> ResolveArtifact(const SpecInput& input);
  void CheckCycles();
  void CheckBenchmarkTarget(int index);
  void CheckExport(int index);  // looks through sft jobs, which may be a circle
  void CheckTrack(int index);
  // The job that the field of a checked job names, or -1.
  int Source(int index, absl::string_view field) const;
  std::string DidYouMean(absl::string_view name) const;

  const v1::Pipeline& pipeline_;
  const PipelineCheckContext& context_;
  ProblemList problems_;
  std::map<std::string, int> index_;        // of the first job of each name
  std::vector<std::string> names_;          // in order
  std::vector<std::vector<size_t>> needs_;  // by job
  CheckedPipeline checked_;
};

absl::StatusOr<CheckedPipeline> Check::Run() {
  if (pipeline_.jobs().empty()) problems_.AddLine("jobs is empty: must have at least one job");
  if (pipeline_.jobs_size() > kJobsMax) {
    problems_.AddLine(
        absl::StrCat("jobs has ", pipeline_.jobs_size(), " entries: must have at most ", kJobsMax));
    return problems_.ToStatus();
  }
  if (pipeline_.name().size() > 2 * kNameBytesMax) {
    problems_.AddText("name", pipeline_.name(),
                      absl::StrCat("must have at most ", 2 * kNameBytesMax, " bytes"));
  }
  CheckNames();
  needs_.resize(pipeline_.jobs_size());
  checked_.inputs.resize(pipeline_.jobs_size());
  for (int i = 0; i < pipeline_.jobs_size(); ++i) CheckJob(i);
  CheckCycles();
  for (int i = 0; i < pipeline_.jobs_size(); ++i) {
    problems_.SetJob(pipeline_.jobs(i).name());
    if (pipeline_.jobs(i).has_benchmark()) CheckBenchmarkTarget(i);
    if (pipeline_.jobs(i).has_export_()) CheckExport(i);
    if (pipeline_.jobs(i).has_submission()) CheckTrack(i);
  }
  if (!problems_.empty()) return problems_.ToStatus();
  for (size_t i : TopologicalOrder(needs_))
    checked_.order.push_back(pipeline_.jobs(static_cast<int>(i)).name());
  return std::move(checked_);
}

void Check::CheckNames() {
  for (int i = 0; i < pipeline_.jobs_size(); ++i) {
    const std::string& name = pipeline_.jobs(i).name();
    const std::string field = absl::StrCat("jobs[", i, "].name");
    if (!IsJobName(name)) {
      problems_.AddText(field, name, "must have 1 to 64 of the characters a-z, 0-9, '_' and '-'");
    } else if (auto [it, fresh] = index_.emplace(name, i); !fresh) {
      problems_.AddText(field, name,
                        absl::StrCat("is the name of jobs[", it->second, "] too: names must differ"));
    } else {
      names_.push_back(name);
    }
  }
}

void Check::CheckJob(int index) {
  const v1::JobSpec& spec = pipeline_.jobs(index);
  problems_.SetJob(spec.name());
  if (spec.spec_case() == v1::JobSpec::SPEC_NOT_SET) {
    std::vector<std::string> kinds;
    const auto* oneof = v1::JobSpec::descriptor()->FindOneofByName("spec");
    for (int i = 0; i < oneof->field_count(); ++i) kinds.push_back(oneof->field(i)->name());
    problems_.AddLine(absl::StrCat("has no spec: must have one of ", absl::StrJoin(kinds, ", ")));
    return;
  }
  if (spec.sweep().selects()) {
    // It never runs: its variants are what is checked.
    checked_.inputs[index] = SweepInputs(pipeline_, spec);
    for (const v1::ResolvedInput& input : checked_.inputs[index]) {
      // A variant whose name is none is told by CheckNames.
      if (auto it = index_.find(input.job_id()); it != index_.end()) needs_[index].push_back(it->second);
    }
    return;
  }
  CheckSpecBounds(spec, problems_);
  for (const SpecInput& input : ListSpecInputs(spec)) {
    if (auto resolved = Resolve(index, input)) checked_.inputs[index].push_back(*std::move(resolved));
  }
}

void Check::CheckLastOutput(const SpecInput& input, const std::string& name) {
  const auto refuse = [&](absl::string_view why) { problems_.AddText(input.field, input.value, why); };
  if (!context_.schedule) {
    return refuse("stands for an output of a schedule's run before this one, and this is no schedule's");
  }
  if (!input.optional) {
    return refuse("may only be told of an input that can be left out: in the first run there is nothing");
  }
  const auto it = index_.find(name);
  if (it == index_.end()) return refuse(absl::StrCat("there is no job of that name", DidYouMean(name)));
  const absl::string_view gives = OutputKind(pipeline_.jobs(it->second));
  if (!gives.empty() && !Takes(input.kinds, gives)) {
    refuse(absl::StrCat("takes ", Or(input.kinds), ", but ", name, " gives ", gives));
  }
}

std::optional<v1::ResolvedInput> Check::Resolve(int index, const SpecInput& input) {
  if (std::string name; IsLastOutput(input.value, &name)) {
    CheckLastOutput(input, name);
    return std::nullopt;
  }
  if (!input.value.empty() && input.value[0] == '@') return ResolveJob(index, input);
  if (IsArtifactId(input.value)) return ResolveArtifact(input);
  if (input.value.empty()) {
    problems_.AddLine(absl::StrCat(input.field, " is missing: must name a job that gives ", Or(input.kinds),
                                   " (\"@name\"), or such an artifact's id"));
    return std::nullopt;
  }
  std::string valid = "must be \"@\" and a job's name, or an artifact's id of 64 hexadecimal digits";
  if (index_.count(input.value) > 0) absl::StrAppend(&valid, "; did you mean \"@", input.value, "\"?");
  problems_.AddText(input.field, input.value, valid);
  return std::nullopt;
}

std::optional<v1::ResolvedInput> Check::ResolveJob(int index, const SpecInput& input) {
  const std::string name = input.value.substr(1);
  auto it = index_.find(name);
  if (it == index_.end()) {
    problems_.AddText(input.field, input.value,
                      absl::StrCat("there is no job of that name", DidYouMean(name)));
    return std::nullopt;
  }
  if (it->second == index) {
    problems_.AddText(input.field, input.value, "a job cannot take its own output");
    return std::nullopt;
  }
  needs_[index].push_back(it->second);
  const absl::string_view gives = OutputKind(pipeline_.jobs(it->second));
  // A job without a spec gives nothing; that is told once, for that job.
  if (!gives.empty() && !Takes(input.kinds, gives)) {
    problems_.AddLine(
        absl::StrCat(input.field, " takes ", Or(input.kinds), ", but ", input.value, " gives ", gives));
    return std::nullopt;
  }
  v1::ResolvedInput resolved;
  resolved.set_field(input.field);
  resolved.set_job_id(name);
  resolved.set_kinds(input.kinds);
  return resolved;
}

std::optional<v1::ResolvedInput> Check::ResolveArtifact(const SpecInput& input) {
  const std::optional<std::string> kind =
      context_.artifact_kind ? context_.artifact_kind(input.value) : std::nullopt;
  if (!kind) {
    problems_.AddText(input.field, input.value, "there is no artifact of that id");
    return std::nullopt;
  }
  if (!Takes(input.kinds, *kind)) {
    problems_.AddLine(absl::StrCat(input.field, " takes ", Or(input.kinds), ", but artifact ", input.value,
                                   " is of kind ", *kind));
    return std::nullopt;
  }
  v1::ResolvedInput resolved;
  resolved.set_field(input.field);
  resolved.set_artifact_id(input.value);
  resolved.set_kinds(input.kinds);
  return resolved;
}

std::string Check::DidYouMean(absl::string_view name) const {
  const std::string nearest = NearestName(name, names_);
  if (!nearest.empty()) return absl::StrCat("; did you mean \"@", nearest, "\"?");
  constexpr size_t kListedMax = 20;
  if (names_.empty() || names_.size() > kListedMax) return "";
  return absl::StrCat("; there are: ", absl::StrJoin(names_, ", "));
}

void Check::CheckCycles() {
  std::vector<size_t> cycle = FindCycle(needs_);
  if (cycle.empty()) return;
  cycle.push_back(cycle.front());
  std::vector<std::string> names;
  for (size_t i : cycle) names.push_back(pipeline_.jobs(static_cast<int>(i)).name());
  problems_.SetJob("");
  problems_.AddLine(
      absl::StrCat("these jobs wait for each other in a circle: ", absl::StrJoin(names, " -> ")));
}

int Check::Source(int index, absl::string_view field) const {
  for (const v1::ResolvedInput& input : checked_.inputs[index]) {
    if (input.field() == field && !input.job_id().empty()) return index_.at(input.job_id());
  }
  return -1;
}

void Check::CheckBenchmarkTarget(int index) {
  const int build = Source(index, "benchmark.bundle");
  if (build < 0) return;
  const v1::JobSpec& builder = pipeline_.jobs(build);
  const std::string& target = pipeline_.jobs(index).benchmark().target();
  if (builder.build().target() == target) return;
  problems_.AddText("benchmark.target", target,
                    absl::StrCat("@", builder.name(), " builds for \"", builder.build().target(), "\""));
}

void Check::CheckExport(int index) {
  int model = Source(index, "export.model");
  for (int i = 0; i < pipeline_.jobs_size() && model >= 0 && pipeline_.jobs(model).has_sft(); ++i)
    model = Source(model, "sft.model");
  if (model < 0) return;
  CheckExportable(pipeline_.jobs(model), problems_);
  if (const int tokenizer = Source(model, "pretrain.tokenizer"); tokenizer >= 0)
    CheckExportFormats(pipeline_.jobs(index).export_(), pipeline_.jobs(tokenizer), problems_);
}

void Check::CheckTrack(int index) {
  const v1::SubmissionSpec& submission = pipeline_.jobs(index).submission();
  const v1::Track* track = FindTrack(context_.tracks, submission.track());
  if (track == nullptr) {
    std::vector<std::string> known;
    for (const v1::Track& one : context_.tracks) known.push_back(one.name());
    problems_.AddText("submission.track", submission.track(),
                      known.empty() ? "no tracks are installed"
                                    : absl::StrCat("must be one of: ", absl::StrJoin(known, ", ")));
    return;
  }
  const int model = Source(index, "submission.model");
  if (model >= 0) CheckTrackSources(pipeline_, needs_, static_cast<size_t>(model), *track, problems_);
}

}  // namespace

absl::StatusOr<CheckedPipeline> CheckPipeline(const v1::Pipeline& pipeline,
                                              const PipelineCheckContext& context) {
  absl::StatusOr<v1::Pipeline> expanded = ExpandPipeline(pipeline);
  if (!expanded.ok()) return expanded.status();
  absl::StatusOr<CheckedPipeline> checked = Check(*expanded, context).Run();
  if (checked.ok()) checked->pipeline = *std::move(expanded);
  return checked;
}

}  // namespace bonsai
