// The pipelines that were submitted, and the request ids that make a repeated submission the same one.
//
// Used by the Scheduler alone; single-threaded.
#ifndef BONSAI_COORDINATOR_SCHEDULER_PIPELINE_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_PIPELINE_TABLE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/coordinator.pb.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/job_table.h"

namespace bonsai {

class PipelineTable {
 public:
  PipelineTable() = default;
  explicit PipelineTable(std::map<std::string, v1::PipelineRecord> records);

  void Add(v1::PipelineRecord record);
  // nullptr if there is none.
  const v1::PipelineRecord* Find(absl::string_view id) const;
  const v1::PipelineRecord* FindRequest(absl::string_view tenant, absl::string_view request_id) const;
  // The tenant's pipelines whose request ids begin so, in the order of these.
  std::vector<const v1::PipelineRecord*> FindRequests(absl::string_view tenant,
                                                      absl::string_view prefix) const;
  const absl::btree_map<std::string, v1::PipelineRecord>& all() const { return pipelines_; }
  // The record, to be changed in anything but its ids and tenant.
  v1::PipelineRecord& Edit(const std::string& id);

  // Those that changed since the last call, by id.
  std::vector<v1::PipelineRecord> TakeChanged();

 private:
  void NoteRequest(const v1::PipelineRecord& record);

  absl::btree_map<std::string, v1::PipelineRecord> pipelines_;
  // By tenant and request id, for tenants draw theirs apart; to pipeline ids.
  absl::btree_map<std::pair<std::string, std::string>, std::string> requests_;
  absl::btree_set<std::string> changed_;
};

// The records of a new pipeline's jobs, in the order of the pipeline; states and sequences are left to the
// caller. inputs[i][k].job_id is a job's name, and becomes its id. InvalidArgument if CheckPipeline would
// have refused it: another number of inputs than jobs, a name that is there twice or not at all.
absl::Status MakeJobRecords(const std::string& pipeline_id, const v1::Pipeline& pipeline,
                            const std::vector<std::vector<v1::ResolvedInput>>& inputs,
                            std::vector<v1::JobRecord>& records);

// The answer to the pipeline's submission, now or later. All its jobs are in the table.
v1::SubmitPipelineResponse AnswerSubmission(const v1::PipelineRecord& pipeline, const JobTable& jobs);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_PIPELINE_TABLE_H_
