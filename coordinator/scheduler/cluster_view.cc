#include "coordinator/scheduler/cluster_view.h"

#include <algorithm>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bonsai {
namespace {

std::string RankName(const std::string& job_id, uint32_t attempt, uint32_t rank) {
  return absl::StrCat(job_id, " attempt ", attempt, " rank ", rank);
}

// Of a job that selects from a sweep.
std::string ExplainSelecting(const v1::JobRecord& job, const JobTable& jobs) {
  absl::btree_set<std::string> waits_for;
  for (const v1::ResolvedInput& input : job.inputs()) {
    const v1::JobRecord* variant = jobs.Find(input.job_id());
    if (variant != nullptr && !HasEnded(variant->state())) waits_for.insert(input.job_id());
  }
  return absl::StrCat(job.inputs_size() - static_cast<int>(waits_for.size()), " of ", job.inputs_size(),
                      " variants have ended; waits for ", absl::StrJoin(waits_for, ", "));
}

std::string ExplainWaiting(const v1::JobRecord& job, const JobTable& jobs) {
  if (job.spec().sweep().selects()) return ExplainSelecting(job, jobs);
  absl::btree_set<std::string> waits_for;
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (input.artifact_id().empty()) waits_for.insert(input.job_id());
  }
  return absl::StrCat("waits for ", absl::StrJoin(waits_for, ", "));
}

}  // namespace

std::vector<ClusterView::Held> ClusterView::HeldOn(const Worker& worker) const {
  std::vector<Held> held;
  for (const AttemptTable::RankOnWorker& on : attempts_.OnWorker(worker.id)) {
    if (!on.slot->holds_resources()) continue;
    held.push_back({on.job_id, RankName(on.job_id, on.attempt->number(), on.rank),
                    NeedOf(jobs_.Find(on.job_id)->spec()), on.slot->device_id});
  }
  for (const Stray& stray : worker.strays) {
    held.push_back(
        {stray.job_id, RankName(stray.job_id, stray.attempt, stray.rank), stray.need, stray.device_id});
  }
  return held;
}

bool ClusterView::MayStart(const Worker& worker) const {
  return worker.live && !worker.leaving && cordons_.Find(worker.id) == nullptr;
}

Room ClusterView::FreeRoom(const Worker& worker) const {
  Room free = RoomOf(worker.id, worker.offer);
  for (const AttemptTable::RankOnWorker& on : attempts_.OnWorker(worker.id)) {
    if (!on.slot->holds_resources()) continue;
    Take(free, NeedOf(jobs_.Find(on.job_id)->spec()), on.slot->device_id);
  }
  for (const Stray& stray : worker.strays) Take(free, stray.need, stray.device_id);
  return free;
}

Rooms ClusterView::FindRooms() const {
  Rooms rooms;
  for (const auto& [id, worker] : workers_.all()) {
    if (!MayStart(worker)) continue;
    rooms.whole.push_back(RoomOf(id, worker.offer));
    rooms.free.push_back(FreeRoom(worker));
  }
  return rooms;
}

std::vector<v1::WorkerStatus> ClusterView::ListWorkers() const {
  std::vector<v1::WorkerStatus> statuses;
  for (const auto& [id, worker] : workers_.all()) {
    v1::WorkerStatus& status = statuses.emplace_back();
    status.set_worker_id(id);
    status.set_live(worker.live);
    status.set_cpus(worker.offer.cpus());
    status.set_memory_bytes(worker.offer.memory_bytes());
    status.set_gpus(worker.offer.gpus());
    *status.mutable_gpu_devices() = worker.offer.gpu_devices();
    if (const v1::WorkerRecord* record = cordons_.Find(id)) *status.mutable_record() = *record;
    for (const v1::Device& offered : worker.offer.devices()) {
      v1::DeviceStatus& device = *status.add_devices();
      *device.mutable_device() = offered;
      device.set_worker_id(id);
    }
    Room free = RoomOf(id, worker.offer);
    for (const Held& held : HeldOn(worker)) {
      Take(free, held.need, held.device_id);
      status.add_running(held.name);
      for (v1::DeviceStatus& device : *status.mutable_devices()) {
        if (!held.device_id.empty() && device.device().id() == held.device_id)
          device.set_leased_by(held.job_id);
      }
    }
    if (!worker.live) continue;
    status.set_cpus_free(free.cpus);
    status.set_memory_bytes_free(free.memory_bytes);
    status.set_gpus_free(free.gpus);
  }
  for (const auto& [id, record] : cordons_.all()) {
    if (workers_.all().count(id) > 0) continue;
    v1::WorkerStatus& status = statuses.emplace_back();
    status.set_worker_id(id);
    *status.mutable_record() = record;
  }
  return statuses;
}

std::string ClusterView::ExplainStopping(const v1::JobRecord& job) const {
  const LiveAttempt* attempt = attempts_.Find(job.id());
  std::vector<std::string> ranks;
  if (attempt != nullptr) {
    for (const RankSlot& slot : attempt->slots()) {
      if (slot.holds_resources()) ranks.push_back(absl::StrCat("rank ", slot.rank, " on ", slot.worker_id));
    }
  }
  return absl::StrCat("is being cancelled; waits for ", absl::StrJoin(ranks, ", "), " to stop");
}

std::string ClusterView::ExplainSpec(const v1::JobSpec& spec) const {
  const auto& workers = workers_.all();
  const size_t leaving = std::count_if(workers.begin(), workers.end(), [this](const auto& entry) {
    return entry.second.live && (entry.second.leaving || cordons_.Find(entry.first) != nullptr);
  });
  return ExplainNoStart(spec, FindRooms(), leaving);
}

std::string ClusterView::ExplainPending(absl::string_view job_id) const {
  const v1::JobRecord* job = jobs_.Find(job_id);
  if (job == nullptr) return "";
  switch (job->state()) {
    case v1::WAITING:
      return ExplainWaiting(*job, jobs_);
    case v1::CANCELLING:
      return ExplainStopping(*job);
    case v1::READY: {
      if (std::string hold = jobs_.DescribeHold(*job); !hold.empty()) return hold;
      return ExplainSpec(job->spec());
    }
    default:
      return "";
  }
}

}  // namespace bonsai
