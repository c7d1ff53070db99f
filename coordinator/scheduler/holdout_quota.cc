#include "coordinator/scheduler/holdout_quota.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {
namespace {

// Evaluations whose figures are a query of their own.
bool IsQuery(const v1::JobSpec& spec) { return spec.has_evaluate() && !spec.evaluate().has_part(); }

// How many of the inputs are holdouts: each is a suite's questions, asked once. `spec_of` gives the spec of
// the job that an input names; nullptr if there is none.
template <typename Inputs, typename SpecOf>
uint64_t CountHoldouts(const Inputs& inputs, const std::function<bool(absl::string_view)>& is_holdout,
                       const SpecOf& spec_of) {
  return std::count_if(inputs.begin(), inputs.end(), [&](const v1::ResolvedInput& input) {
    if (!input.artifact_id().empty() && is_holdout(input.artifact_id())) return true;
    const v1::JobSpec* spec = input.job_id().empty() ? nullptr : spec_of(input.job_id());
    return spec != nullptr && OutputKind(*spec) == "holdout";
  });
}

uint64_t CountAsked(const PipelineSubmitted& event,
                    const std::function<bool(absl::string_view)>& is_holdout) {
  const auto spec_of = [&](absl::string_view name) -> const v1::JobSpec* {
    const auto& jobs = event.pipeline.jobs();
    const auto found =
        std::find_if(jobs.begin(), jobs.end(), [&](const v1::JobSpec& job) { return job.name() == name; });
    return found == jobs.end() ? nullptr : &*found;
  };
  uint64_t asked = 0;
  for (int i = 0; i < event.pipeline.jobs_size() && static_cast<size_t>(i) < event.inputs.size(); ++i) {
    if (IsQuery(event.pipeline.jobs(i))) asked += CountHoldouts(event.inputs[i], is_holdout, spec_of);
  }
  return asked;
}

// When the tenant's queries of the last 24 hours were submitted, the oldest first.
std::vector<absl::Time> QueriesOf(absl::string_view tenant, const JobTable& jobs,
                                  const std::function<bool(absl::string_view)>& is_holdout, absl::Time now) {
  const auto spec_of = [&](absl::string_view id) -> const v1::JobSpec* {
    const v1::JobRecord* job = jobs.Find(id);
    return job == nullptr ? nullptr : &job->spec();
  };
  std::vector<absl::Time> queries;
  for (const auto& [id, job] : jobs.all()) {
    const absl::Time submitted = absl::FromUnixMillis(job.submitted_unix_ms());
    if (TenantOf(job.tenant()) != tenant || submitted + kHoldoutWindow <= now || !IsQuery(job.spec()))
      continue;
    queries.insert(queries.end(), CountHoldouts(job.inputs(), is_holdout, spec_of), submitted);
  }
  std::sort(queries.begin(), queries.end());
  return queries;
}

}  // namespace

uint32_t HoldoutQueriesPerDay(const std::vector<v1::Track>& tracks) {
  uint32_t lowest = 0;
  for (const v1::Track& track : tracks) {
    const uint32_t cap = track.holdout_queries_per_day();
    if (cap != 0 && (lowest == 0 || cap < lowest)) lowest = cap;
  }
  return lowest;
}

absl::Status CheckHoldoutQueries(const PipelineSubmitted& event, const JobTable& jobs,
                                 const std::function<bool(absl::string_view)>& is_holdout, uint32_t cap,
                                 absl::Time now) {
  const uint64_t asked = cap == 0 ? 0 : CountAsked(event, is_holdout);
  if (asked == 0) return absl::OkStatus();
  const std::string tenant(TenantOf(event.actor.tenant));
  const std::vector<absl::Time> before = QueriesOf(tenant, jobs, is_holdout, now);
  if (before.size() + asked <= cap) return absl::OkStatus();
  const std::string what =
      absl::StrCat("the pipeline asks secret suites ", asked, " times, and tenant ", tenant, " has asked ",
                   before.size(), " times in the last 24 hours; the cap is ", cap,
                   " (holdout_queries_per_day, the lowest of the tracks)");
  if (asked > cap)
    return absl::ResourceExhaustedError(absl::StrCat(what, ": more than that at once is never taken"));
  // So many of the oldest have to be a day old.
  const absl::Time next = before[before.size() + asked - cap - 1] + kHoldoutWindow;
  return absl::ResourceExhaustedError(
      absl::StrCat(what, "; the next is possible at ",
                   absl::FormatTime("%Y-%m-%d %H:%M:%S", next, absl::UTCTimeZone()), " UTC"));
}

}  // namespace bonsai
