#include "coordinator/scheduler/pipeline_table.h"

#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/job_order.h"
#include "coordinator/scheduler/tenancy.h"

namespace bonsai {

PipelineTable::PipelineTable(std::map<std::string, v1::PipelineRecord> records) {
  for (auto& [id, record] : records) {
    NoteRequest(record);
    pipelines_.emplace_hint(pipelines_.end(), id, std::move(record));
  }
}

void PipelineTable::NoteRequest(const v1::PipelineRecord& record) {
  if (record.request_id().empty()) return;
  requests_[{std::string(TenantOf(record.tenant())), record.request_id()}] = record.id();
}

void PipelineTable::Add(v1::PipelineRecord record) {
  NoteRequest(record);
  changed_.insert(record.id());
  std::string id = record.id();
  pipelines_.insert_or_assign(std::move(id), std::move(record));
}

const v1::PipelineRecord* PipelineTable::Find(absl::string_view id) const {
  auto it = pipelines_.find(id);
  return it == pipelines_.end() ? nullptr : &it->second;
}

const v1::PipelineRecord* PipelineTable::FindRequest(absl::string_view tenant,
                                                     absl::string_view request_id) const {
  auto it = requests_.find({std::string(TenantOf(tenant)), std::string(request_id)});
  return it == requests_.end() ? nullptr : Find(it->second);
}

std::vector<const v1::PipelineRecord*> PipelineTable::FindRequests(absl::string_view tenant,
                                                                   absl::string_view prefix) const {
  std::vector<const v1::PipelineRecord*> found;
  const std::string owner(TenantOf(tenant));
  for (auto it = requests_.lower_bound({owner, std::string(prefix)});
       it != requests_.end() && it->first.first == owner && absl::StartsWith(it->first.second, prefix);
       ++it) {
    found.push_back(Find(it->second));
  }
  return found;
}

v1::PipelineRecord& PipelineTable::Edit(const std::string& id) {
  changed_.insert(id);
  return pipelines_.at(id);
}

std::vector<v1::PipelineRecord> PipelineTable::TakeChanged() {
  std::vector<v1::PipelineRecord> records;
  for (const std::string& id : std::exchange(changed_, {})) records.push_back(pipelines_.at(id));
  return records;
}

absl::Status MakeJobRecords(const std::string& pipeline_id, const v1::Pipeline& pipeline,
                            const std::vector<std::vector<v1::ResolvedInput>>& inputs,
                            std::vector<v1::JobRecord>& records) {
  if (inputs.size() != static_cast<size_t>(pipeline.jobs_size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("the inputs of ", inputs.size(), " jobs for a pipeline of ", pipeline.jobs_size()));
  }
  absl::btree_set<std::string> names;
  for (const v1::JobSpec& spec : pipeline.jobs()) {
    if (!names.insert(spec.name()).second) {
      return absl::InvalidArgumentError(absl::StrCat("two jobs are called \"", spec.name(), "\""));
    }
  }
  for (int i = 0; i < pipeline.jobs_size(); ++i) {
    v1::JobRecord& record = records.emplace_back();
    record.set_id(absl::StrCat(pipeline_id, "/", pipeline.jobs(i).name()));
    record.set_pipeline_id(pipeline_id);
    *record.mutable_spec() = pipeline.jobs(i);
    for (v1::ResolvedInput input : inputs[i]) {
      if (!input.job_id().empty()) {
        if (names.count(input.job_id()) == 0) {
          return absl::InvalidArgumentError(absl::StrCat("job ", pipeline.jobs(i).name(), " takes ",
                                                         input.field(), " from \"", input.job_id(),
                                                         "\", which is no job of the pipeline"));
        }
        input.set_job_id(absl::StrCat(pipeline_id, "/", input.job_id()));
      }
      *record.add_inputs() = std::move(input);
    }
  }
  return absl::OkStatus();
}

v1::SubmitPipelineResponse AnswerSubmission(const v1::PipelineRecord& pipeline, const JobTable& jobs) {
  v1::SubmitPipelineResponse response;
  response.set_pipeline_id(pipeline.id());
  *response.mutable_job_ids() = pipeline.job_ids();
  absl::btree_map<std::string, size_t> index;
  for (const std::string& id : pipeline.job_ids()) index.emplace(id, index.size());
  std::vector<std::vector<size_t>> needs;
  for (const std::string& id : pipeline.job_ids()) {
    std::vector<size_t>& need = needs.emplace_back();
    for (const v1::ResolvedInput& input : jobs.Find(id)->inputs()) {
      if (!input.job_id().empty()) need.push_back(index.at(input.job_id()));
    }
  }
  for (size_t i : TopologicalOrder(needs)) {
    response.add_order(jobs.Find(pipeline.job_ids(static_cast<int>(i)))->spec().name());
  }
  return response;
}

}  // namespace bonsai
