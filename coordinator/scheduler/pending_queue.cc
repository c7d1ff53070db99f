#include "coordinator/scheduler/pending_queue.h"

#include <algorithm>

namespace bonsai {

void PendingQueue::Put(const PendingJob& job) {
  Remove(job.sequence);
  const PendingJob& kept = jobs_.emplace(job.sequence, job).first->second;
  if (queues_.size() <= job.shape) queues_.resize(job.shape + 1);
  queues_[job.shape][Descending{job.level}][{job.tenant, job.queue}].emplace(job.sequence, &kept);
  shapes_.insert(job.shape);
}

bool PendingQueue::Remove(uint64_t sequence) {
  auto it = jobs_.find(sequence);
  if (it == jobs_.end()) return false;
  const PendingJob& job = it->second;
  ShapeQueue& queue = queues_[job.shape];
  auto level = queue.find(Descending{job.level});
  auto line = level->second.find({job.tenant, job.queue});
  line->second.erase(sequence);
  if (line->second.empty()) level->second.erase(line);
  if (level->second.empty()) queue.erase(level);
  if (queue.empty()) shapes_.erase(job.shape);
  jobs_.erase(it);
  return true;
}

const PendingJob* PendingQueue::Find(uint64_t sequence) const {
  auto it = jobs_.find(sequence);
  return it == jobs_.end() ? nullptr : &it->second;
}

void PendingQueue::SetAside(uint64_t sequence, bool aside) {
  if (auto it = jobs_.find(sequence); it != jobs_.end()) it->second.aside = aside;
}

PendingQueue::Head PendingQueue::First(RoomIndex::ShapeId shape, const Share& share,
                                       const Allows& allows) const {
  Head head;
  for (const auto& [level, parties] : queues_[shape]) {
    for (const auto& [party, line] : parties) {
      const auto first =
          std::find_if(line.begin(), line.end(), [](const auto& entry) { return !entry.second->aside; });
      if (first == line.end() || !allows(party.first, party.second)) continue;
      const auto& [sequence, job] = *first;
      const Place place = {level.level, share(party.first), sequence};
      if (head.job == nullptr || place < head.place) head = {job, place};
    }
    if (head.job != nullptr) break;
  }
  return head;
}

std::vector<const PendingJob*> PendingQueue::Some(RoomIndex::ShapeId shape, Level level, size_t most) const {
  std::vector<const PendingJob*> jobs;
  if (shape >= queues_.size()) return jobs;
  auto parties = queues_[shape].find(Descending{level});
  if (parties == queues_[shape].end()) return jobs;
  for (const auto& [party, line] : parties->second) {
    for (const auto& [sequence, job] : line) {
      if (jobs.size() >= most) return jobs;
      jobs.push_back(job);
    }
  }
  return jobs;
}

}  // namespace bonsai
