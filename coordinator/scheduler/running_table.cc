#include "coordinator/scheduler/running_table.h"

#include <algorithm>

namespace bonsai {

void RunningTable::Add(RunningJob job) {
  for (const auto& [site, ranks] : job.places) {
    if (by_site_.size() <= site) by_site_.resize(site + 1);
    const Amount held = {job.need.gpus * ranks, job.need.cpus * ranks, job.need.memory_bytes * ranks};
    by_site_[site].push_back({job.sequence, held, job.started, job.expected_end});
  }
  if (!job.ending) staying_.insert({job.level, job.started, job.sequence});
  const uint64_t sequence = job.sequence;
  jobs_.insert_or_assign(sequence, std::move(job));
}

RunningJob RunningTable::Remove(uint64_t sequence) {
  auto it = jobs_.find(sequence);
  if (it == jobs_.end()) return {};
  RunningJob job = std::move(it->second);
  jobs_.erase(it);
  for (const auto& [site, ranks] : job.places) {
    auto& here = by_site_[site];
    here.erase(
        std::remove_if(here.begin(), here.end(), [&](const Stay& stay) { return stay.sequence == sequence; }),
        here.end());
  }
  staying_.erase({job.level, job.started, sequence});
  return job;
}

void RunningTable::SetEnding(uint64_t sequence) {
  auto it = jobs_.find(sequence);
  if (it == jobs_.end() || it->second.ending) return;
  it->second.ending = true;
  staying_.erase({it->second.level, it->second.started, sequence});
}

void RunningTable::Expect(uint64_t sequence, absl::Time end) {
  auto it = jobs_.find(sequence);
  if (it == jobs_.end()) return;
  it->second.expected_end = end;
  for (const auto& [site, ranks] : it->second.places) {
    for (Stay& stay : by_site_[site]) {
      if (stay.sequence == sequence) stay.expected_end = end;
    }
  }
}

const RunningJob* RunningTable::Find(uint64_t sequence) const {
  auto it = jobs_.find(sequence);
  return it == jobs_.end() ? nullptr : &it->second;
}

const std::vector<RunningTable::Stay>& RunningTable::OnSite(RoomIndex::Site site) const {
  static const std::vector<Stay>* const kNone = new std::vector<Stay>();
  return site < by_site_.size() ? by_site_[site] : *kNone;
}

}  // namespace bonsai
