#include "coordinator/scheduler/sweep_rungs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "coordinator/scheduler/spec_field.h"
#include "coordinator/scheduler/successive_halving.h"
#include "coordinator/scheduler/sweep_expansion.h"

namespace bonsai {
namespace {

const v1::Sweep* FindSweep(const v1::PipelineRecord& pipeline, const std::string& job) {
  for (const v1::Sweep& sweep : pipeline.sweeps()) {
    if (sweep.job() == job) return &sweep;
  }
  return nullptr;
}

class Rung {
 public:
  Rung(const v1::JobRecord& selecting, const v1::Sweep& sweep, absl::Time now, PipelineTable& pipelines,
       JobTable& jobs, Counters& counters)
      : selecting_(selecting.id()),
        pipeline_(selecting.pipeline_id()),
        sweep_(sweep),
        now_(now),
        pipelines_(pipelines),
        jobs_(jobs),
        counters_(counters) {
    for (const std::string& id : VariantsOf(selecting, pipelines, jobs)) {
      const uint32_t rung = jobs.Find(id)->spec().sweep().rung();
      if (rung == 0) ++variants_;
      if (rung > number_) members_.clear();
      number_ = std::max(number_, rung);
      if (rung == number_) members_.push_back(id);
    }
  }

  void Settle() {
    for (const std::string& id : members_) {
      if (!HasEnded(jobs_.Find(id)->state())) return;
    }
    const bool last = static_cast<int>(number_) + 1 >= sweep_.rung_steps_size();
    const uint32_t go_on = last ? 1 : RungSizes(sweep_, variants_)[number_ + 1];
    const std::vector<RungPlace> places = RankRung(sweep_, number_, go_on, Results());
    for (const RungPlace& place : places) {
      if (place.reason.empty()) continue;
      const std::string id = IdOf(place.variant, number_);
      jobs_.Edit(id).set_reason(place.reason);
      jobs_.Note(id, now_, {"ranked in its sweep", place.reason});
    }
    if (places.empty() || !places.front().goes_on) return Fail();
    if (last) return Select(places.front().variant);
    for (const RungPlace& place : places) {
      if (place.goes_on) Promote(place.variant);
    }
  }

 private:
  std::string IdOf(uint32_t variant, uint32_t rung) const {
    return absl::StrCat(pipeline_, "/", VariantName(sweep_.job(), variant, rung));
  }

  std::vector<RungResult> Results() const {
    std::vector<RungResult> results;
    for (const std::string& id : members_) {
      const v1::JobRecord& job = *jobs_.Find(id);
      results.push_back(
          {job.spec().sweep().variant(), job.state() == v1::DONE, FindMetric(job, sweep_.metric())});
    }
    return results;
  }

  void Fail() {
    size_t done = 0;
    for (const RungResult& result : Results()) done += result.done;
    jobs_.Fail(selecting_,
               absl::StrCat("its sweep has no result: of ", members_.size(), " variants ", done,
                            " are done, and none of them reported ", sweep_.metric()),
               now_);
  }

  void Select(uint32_t variant) {
    const v1::JobRecord& best = *jobs_.Find(IdOf(variant, number_));
    const std::string output = best.output_id();
    const std::string reason =
        absl::StrFormat("took %s: %s %.6g, the best of %d", best.spec().name(), sweep_.metric(),
                        *FindMetric(best, sweep_.metric()), variants_);
    *jobs_.Edit(selecting_).mutable_result() = best.result();
    jobs_.Note(selecting_, now_, {"selected from its sweep", reason});
    jobs_.Finish(selecting_, output, now_);
    jobs_.Edit(selecting_).set_reason(reason);
  }

  // The variant's job in the next rung: the same but for its steps, from the same inputs, and resumed from
  // where this one stopped.
  void Promote(uint32_t variant) {
    const v1::JobRecord& before = *jobs_.Find(IdOf(variant, number_));
    v1::JobRecord record;
    record.set_id(IdOf(variant, number_ + 1));
    record.set_pipeline_id(pipeline_);
    *record.mutable_spec() = before.spec();
    record.mutable_spec()->set_name(VariantName(sweep_.job(), variant, number_ + 1));
    record.mutable_spec()->mutable_sweep()->set_rung(number_ + 1);
    const std::string steps = absl::StrCat(sweep_.rung_steps(static_cast<int>(number_) + 1));
    // It was taken when the sweep was expanded.
    SetSpecField(sweep_.step_field(), steps, *record.mutable_spec()).IgnoreError();
    *record.mutable_inputs() = before.inputs();
    for (v1::Checkpoint checkpoint : before.checkpoints()) {
      checkpoint.set_attempt(0);  // of none of its own
      *record.add_checkpoints() = std::move(checkpoint);
    }
    record.set_tenant(before.tenant());
    record.set_queue(before.queue());
    record.set_submitted_unix_ms(absl::ToUnixMillis(now_));
    record.set_sequence(counters_.next_job_sequence++);
    pipelines_.Edit(pipeline_).add_job_ids(record.id());
    v1::JobRecord& selecting = jobs_.Edit(selecting_);
    v1::ResolvedInput& input = *selecting.add_inputs();
    input.set_field(absl::StrCat("sweep[", selecting.inputs_size() - 1, "]"));
    input.set_job_id(record.id());
    input.set_kinds(selecting.inputs(0).kinds());
    jobs_.Add(std::move(record), now_);
  }

  const std::string selecting_, pipeline_;
  const v1::Sweep& sweep_;
  const absl::Time now_;
  PipelineTable& pipelines_;
  JobTable& jobs_;
  Counters& counters_;
  uint32_t variants_ = 0;  // of the first rung
  uint32_t number_ = 0;
  std::vector<std::string> members_;  // ids
};

}  // namespace

std::vector<std::string> VariantsOf(const v1::JobRecord& job, const PipelineTable& pipelines,
                                    const JobTable& jobs) {
  std::vector<std::string> ids;
  if (!job.spec().sweep().selects()) return ids;
  const v1::PipelineRecord* pipeline = pipelines.Find(job.pipeline_id());
  if (pipeline == nullptr) return ids;
  for (const std::string& id : pipeline->job_ids()) {
    const v1::JobRecord* member = jobs.Find(id);
    if (member == nullptr) continue;  // forecasts leave out what has ended
    const v1::SweepPlace& place = member->spec().sweep();
    if (place.job() == job.spec().sweep().job() && !place.selects()) ids.push_back(id);
  }
  return ids;
}

void SettleSweep(const std::string& selecting, absl::Time now, PipelineTable& pipelines, JobTable& jobs,
                 Counters& counters) {
  const v1::JobRecord* job = jobs.Find(selecting);
  if (job == nullptr || job->state() != v1::WAITING) return;
  const v1::PipelineRecord* pipeline = pipelines.Find(job->pipeline_id());
  const v1::Sweep* found = pipeline == nullptr ? nullptr : FindSweep(*pipeline, job->spec().sweep().job());
  if (found == nullptr) return;
  const v1::Sweep sweep = *found;  // the pipeline's record changes meanwhile
  Rung(*job, sweep, now, pipelines, jobs, counters).Settle();
}

}  // namespace bonsai
