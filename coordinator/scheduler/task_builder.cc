#include "coordinator/scheduler/task_builder.h"

namespace bonsai {

v1::Task BuildTask(const v1::JobRecord& job, uint32_t rank, const v1::WorkerOffer& offer,
                   const std::string& code_version, absl::Duration default_grace) {
  const v1::AttemptRecord& attempt = job.attempts(job.attempts_size() - 1);
  v1::Task task;
  task.set_job_id(job.id());
  task.set_attempt(attempt.number());
  task.set_rank(rank);
  task.set_ranks(static_cast<uint32_t>(attempt.placements_size()));
  *task.mutable_spec() = job.spec();
  *task.mutable_inputs() = job.inputs();
  // Those of the attempt itself are left out, so that all its ranks are told the same whenever they ask.
  for (const v1::Checkpoint& checkpoint : job.checkpoints()) {
    if (checkpoint.attempt() < attempt.number()) *task.add_resume() = checkpoint;
  }
  task.set_code_version(code_version);
  task.set_grace_seconds(job.spec().grace_seconds() > 0
                             ? job.spec().grace_seconds()
                             : static_cast<uint32_t>(absl::ToInt64Seconds(default_grace)));
  for (const v1::Placement& placement : attempt.placements()) {
    if (placement.rank() != rank || placement.device_id().empty()) continue;
    task.mutable_device()->set_id(placement.device_id());
    for (const v1::Device& device : offer.devices()) {
      if (device.id() == placement.device_id()) *task.mutable_device() = device;
    }
  }
  return task;
}

}  // namespace bonsai
