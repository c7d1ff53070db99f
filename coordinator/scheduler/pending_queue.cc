#include "coordinator/scheduler/pending_queue.h"

#include <algorithm>

namespace bonsai {
namespace {

constexpr size_t kPartiesFew = 64;  // so few are all looked at

}  // namespace

void PendingQueue::Line::FindFirst() {
  const auto found =
      std::find_if(jobs.begin(), jobs.end(), [](const auto& entry) { return !entry.second->aside; });
  first = found == jobs.end() ? nullptr : found->second;
  first_sequence = first == nullptr ? 0 : found->first;
}

void PendingQueue::Put(const PendingJob& job) {
  Remove(job.sequence);
  const PendingJob& kept = jobs_.emplace(job.sequence, job).first->second;
  if (queues_.size() <= job.shape) queues_.resize(job.shape + 1);
  Line& line = queues_[job.shape][Descending{job.level}][{job.tenant, job.queue}];
  line.jobs.emplace(job.sequence, &kept);
  if (line.first == nullptr || job.sequence < line.first_sequence) line.FindFirst();
  shapes_.insert(job.shape);
}

bool PendingQueue::Remove(uint64_t sequence) {
  auto it = jobs_.find(sequence);
  if (it == jobs_.end()) return false;
  const PendingJob& job = it->second;
  ShapeQueue& queue = queues_[job.shape];
  auto level = queue.find(Descending{job.level});
  auto line = level->second.find({job.tenant, job.queue});
  line->second.jobs.erase(sequence);
  if (line->second.jobs.empty()) {
    level->second.erase(line);
  } else if (line->second.first_sequence == sequence) {
    line->second.FindFirst();
  }
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
  auto it = jobs_.find(sequence);
  if (it == jobs_.end()) return;
  PendingJob& job = it->second;
  job.aside = aside;
  queues_[job.shape].at(Descending{job.level}).at({job.tenant, job.queue}).FindFirst();
}

PendingQueue::Head PendingQueue::FirstOf(Level level, const Parties& parties, const TenantOrder& order,
                                         Allows allows) {
  Head head;
  const auto consider = [&](const Party& party, const Line& line) {
    const double share = order.share(party.first);
    if (head.job != nullptr && head.place.share < share) return;
    if (line.first == nullptr) return;
    const Place place = {level, share, line.first_sequence};
    if (head.job != nullptr && !(place < head.place)) return;
    if (allows(party.first, party.second)) head = {line.first, place, party.first, party.second};
  };
  // False if there are too many tenants before the first that has a job here.
  const auto consider_in_order = [&] {
    size_t looks = parties.size();
    for (const TenantOrder::Rank& rank : order.ranks()) {
      if (head.job != nullptr && head.place.share < rank.share) return true;
      if (looks-- == 0) return false;
      auto it = parties.lower_bound({rank.tenant, 0});
      for (; it != parties.end() && it->first.first == rank.tenant; ++it) consider(it->first, it->second);
    }
    return true;
  };
  if (parties.size() > kPartiesFew && consider_in_order()) return head;
  for (const auto& [party, line] : parties) consider(party, line);
  return head;
}

PendingQueue::Head PendingQueue::First(RoomIndex::ShapeId shape, const TenantOrder& order,
                                       Allows allows) const {
  for (const auto& [level, parties] : queues_[shape]) {
    const Head head = FirstOf(level.level, parties, order, allows);
    if (head.job != nullptr) return head;
  }
  return {};
}

std::vector<const PendingJob*> PendingQueue::Some(RoomIndex::ShapeId shape, Level level, size_t most) const {
  std::vector<const PendingJob*> jobs;
  if (shape >= queues_.size()) return jobs;
  auto parties = queues_[shape].find(Descending{level});
  if (parties == queues_[shape].end()) return jobs;
  for (const auto& [party, line] : parties->second) {
    for (const auto& [sequence, job] : line.jobs) {
      if (jobs.size() >= most) return jobs;
      jobs.push_back(job);
    }
  }
  return jobs;
}

}  // namespace bonsai
