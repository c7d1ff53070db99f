#include "coordinator/scheduler/sweep_expansion.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/spec_field.h"
#include "coordinator/scheduler/sweep_draw.h"

namespace bonsai {
namespace {

constexpr size_t kNameBytesMax = 64;  // of a job
constexpr size_t kMetricBytesMax = 64;
constexpr int kParametersMax = 16;
constexpr int kRungsMax = 16;

absl::Status Wrong(const v1::Sweep& sweep, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("sweep of \"", sweep.job(), "\": ", what));
}

class Expansion {
 public:
  explicit Expansion(const v1::Pipeline& pipeline) : pipeline_(pipeline) {}
  absl::StatusOr<v1::Pipeline> Run();

 private:
  absl::Status Check(const v1::Sweep& sweep, const v1::JobSpec& job) const;
  absl::Status CheckRungs(const v1::Sweep& sweep, const v1::JobSpec& job) const;
  absl::Status AddVariants(const v1::Sweep& sweep, const v1::JobSpec& job, v1::Pipeline& expanded);
  const v1::Sweep* FindSweep(const std::string& job) const;

  const v1::Pipeline& pipeline_;
  int jobs_ = 0;  // of all sweeps, later rungs included
};

absl::StatusOr<v1::Pipeline> Expansion::Run() {
  std::set<std::string> names;
  for (const v1::JobSpec& job : pipeline_.jobs()) {
    if (job.has_sweep()) {
      return absl::InvalidArgumentError(
          absl::StrCat("job \"", job.name(),
                       "\": sweep is set: a job's place in a sweep comes from the pipeline's sweeps"));
    }
    names.insert(job.name());
  }
  std::set<std::string> swept;
  for (const v1::Sweep& sweep : pipeline_.sweeps()) {
    if (names.count(sweep.job()) == 0) return Wrong(sweep, "the pipeline has no job of that name");
    if (!swept.insert(sweep.job()).second) return Wrong(sweep, "there are two of them; a job has one");
  }
  v1::Pipeline expanded = pipeline_;
  expanded.clear_jobs();
  for (const v1::JobSpec& job : pipeline_.jobs()) {
    if (const v1::Sweep* sweep = FindSweep(job.name())) {
      if (absl::Status added = AddVariants(*sweep, job, expanded); !added.ok()) return added;
    } else {
      *expanded.add_jobs() = job;
    }
  }
  return expanded;
}

const v1::Sweep* Expansion::FindSweep(const std::string& job) const {
  for (const v1::Sweep& sweep : pipeline_.sweeps()) {
    if (sweep.job() == job) return &sweep;
  }
  return nullptr;
}

absl::Status Expansion::Check(const v1::Sweep& sweep, const v1::JobSpec& job) const {
  if (sweep.parameters_size() > kParametersMax) {
    return Wrong(sweep, absl::StrCat("has ", sweep.parameters_size(), " parameters: must have at most ",
                                     kParametersMax));
  }
  if (sweep.metric().empty() || sweep.metric().size() > kMetricBytesMax) {
    return Wrong(sweep,
                 absl::StrCat("metric is \"", sweep.metric().substr(0, kMetricBytesMax),
                              "\": must name a figure that the variants report, \"validation_loss\" or "
                              "\"loss\", in at most ",
                              kMetricBytesMax, " bytes"));
  }
  std::set<std::string> fields;
  for (const v1::Sweep::Parameter& parameter : sweep.parameters()) {
    if (!fields.insert(parameter.field()).second) {
      return Wrong(sweep, absl::StrCat("parameter \"", parameter.field(), "\" is there twice"));
    }
    if (!sweep.step_field().empty() && parameter.field() == sweep.step_field()) {
      return Wrong(sweep, absl::StrCat("step_field \"", sweep.step_field(), "\" is a parameter too"));
    }
  }
  return CheckRungs(sweep, job);
}

absl::Status Expansion::CheckRungs(const v1::Sweep& sweep, const v1::JobSpec& job) const {
  if (sweep.rung_steps().empty()) {
    if (sweep.step_field().empty() && sweep.eta() == 0) return absl::OkStatus();
    return Wrong(sweep, "step_field or eta is set, but rung_steps is empty: successive halving needs rungs");
  }
  if (sweep.step_field().empty()) {
    return Wrong(sweep, "rung_steps is set, but step_field is empty: \"pretrain.stop_after_steps\", say");
  }
  const absl::StatusOr<bool> whole = TakesWholeNumbers(sweep.step_field(), job);
  if (!whole.ok()) return Wrong(sweep, absl::StrCat("step_field: ", whole.status().message()));
  if (!*whole) {
    return Wrong(sweep, absl::StrCat("step_field \"", sweep.step_field(), "\" is not a whole number"));
  }
  if (sweep.eta() == 1 || sweep.eta() > 1000) {
    return Wrong(sweep, absl::StrCat("eta is ", sweep.eta(), ": must be from 2 to 1000, or 0 for 3"));
  }
  if (sweep.rung_steps_size() < 2 || sweep.rung_steps_size() > kRungsMax) {
    return Wrong(sweep, absl::StrCat("rung_steps has ", sweep.rung_steps_size(), " entries: must have 2 to ",
                                     kRungsMax));
  }
  for (int i = 0; i < sweep.rung_steps_size(); ++i) {
    if (sweep.rung_steps(i) == 0 || (i > 0 && sweep.rung_steps(i) <= sweep.rung_steps(i - 1))) {
      return Wrong(sweep, absl::StrCat("rung_steps[", i, "] is ", sweep.rung_steps(i),
                                       ": must be larger than the one before, and than 0"));
    }
    v1::JobSpec rung = job;
    if (absl::Status set = SetSpecField(sweep.step_field(), absl::StrCat(sweep.rung_steps(i)), rung);
        !set.ok())
      return Wrong(sweep, absl::StrCat("rung_steps[", i, "]: ", set.message()));
  }
  return absl::OkStatus();
}

absl::Status Expansion::AddVariants(const v1::Sweep& sweep, const v1::JobSpec& job, v1::Pipeline& expanded) {
  if (absl::Status checked = Check(sweep, job); !checked.ok()) return checked;
  std::vector<bool> integer;
  for (const v1::Sweep::Parameter& parameter : sweep.parameters()) {
    const absl::StatusOr<bool> whole = TakesWholeNumbers(parameter.field(), job);
    if (!whole.ok()) return Wrong(sweep, std::string(whole.status().message()));
    integer.push_back(*whole);
  }
  auto choices = DrawVariants(sweep, integer, kSweepJobsMax);
  if (!choices.ok()) return choices.status();
  for (uint32_t size : RungSizes(sweep, static_cast<uint32_t>(choices->size())))
    jobs_ += static_cast<int>(size);
  if (jobs_ > kSweepJobsMax) {
    return Wrong(sweep, absl::StrCat("the pipeline's sweeps come to ", jobs_,
                                     " jobs, later rungs included: must be at most ", kSweepJobsMax));
  }
  const uint32_t last_rung = static_cast<uint32_t>(std::max(1, sweep.rung_steps_size())) - 1;
  const size_t longest =
      VariantName(job.name(), static_cast<uint32_t>(choices->size()) - 1, last_rung).size();
  if (longest > kNameBytesMax) {
    return Wrong(sweep,
                 absl::StrCat("the names of its jobs have up to ", longest, " bytes: must have at most ",
                              kNameBytesMax, "; give the job a shorter name"));
  }
  for (uint32_t i = 0; i < choices->size(); ++i) {
    v1::JobSpec& variant = *expanded.add_jobs();
    variant = job;
    variant.set_name(VariantName(job.name(), i, 0));
    variant.mutable_sweep()->set_job(job.name());
    variant.mutable_sweep()->set_variant(i);
    for (int p = 0; p < sweep.parameters_size(); ++p) {
      const std::string& field = sweep.parameters(p).field();
      const std::string& value = (*choices)[i][static_cast<size_t>(p)];
      if (absl::Status set = SetSpecField(field, value, variant); !set.ok())
        return Wrong(sweep, std::string(set.message()));
      variant.mutable_sweep()->add_settings(absl::StrCat(field, ": ", value));
    }
    if (sweep.rung_steps().empty()) continue;
    absl::Status set = SetSpecField(sweep.step_field(), absl::StrCat(sweep.rung_steps(0)), variant);
    if (!set.ok()) return Wrong(sweep, std::string(set.message()));
  }
  v1::JobSpec& head = *expanded.add_jobs();
  head = job;
  head.mutable_sweep()->set_job(job.name());
  head.mutable_sweep()->set_selects(true);
  return absl::OkStatus();
}

}  // namespace

std::string VariantName(absl::string_view job, uint32_t variant, uint32_t rung) {
  return rung == 0 ? absl::StrCat(job, "-", variant) : absl::StrCat(job, "-", variant, "-r", rung);
}

std::vector<uint32_t> RungSizes(const v1::Sweep& sweep, uint32_t variants) {
  std::vector<uint32_t> sizes = {variants};
  const uint32_t eta = sweep.eta() == 0 ? 3 : sweep.eta();
  for (int rung = 1; rung < sweep.rung_steps_size(); ++rung)
    sizes.push_back(std::max(1u, sizes.back() / eta));
  return sizes;
}

absl::StatusOr<v1::Pipeline> ExpandSweeps(const v1::Pipeline& pipeline) {
  if (pipeline.sweeps().empty()) {
    for (const v1::JobSpec& job : pipeline.jobs()) {
      if (job.has_sweep()) return Expansion(pipeline).Run();
    }
    return pipeline;
  }
  return Expansion(pipeline).Run();
}

}  // namespace bonsai
