#include "coordinator/scheduler/running_table.h"

#include <algorithm>
#include <tuple>

namespace bonsai {
namespace {

constexpr size_t kStaysExpected = 8;  // on a site

}  // namespace

void RunningTable::AddStay(RoomIndex::Site site, const Stay& stay) {
  if (by_site_.size() <= site) by_site_.resize(site + 1);
  std::vector<Stay>& here = by_site_[site];
  if (here.capacity() == 0) here.reserve(kStaysExpected);
  const auto later = [](const Stay& a, const Stay& b) {
    return std::tie(a.expected_end, a.started, a.sequence) < std::tie(b.expected_end, b.started, b.sequence);
  };
  here.insert(std::upper_bound(here.begin(), here.end(), stay, later), stay);
}

void RunningTable::Add(RunningJob job) {
  for (const auto& [site, ranks] : job.places) {
    const Amount held = {job.need.gpus * ranks, job.need.cpus * ranks, job.need.memory_bytes * ranks};
    AddStay(site, {job.sequence, held, job.started, job.expected_end});
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

const RunningJob* RunningTable::Find(uint64_t sequence) const {
  auto it = jobs_.find(sequence);
  return it == jobs_.end() ? nullptr : &it->second;
}

const std::vector<RunningTable::Stay>& RunningTable::OnSite(RoomIndex::Site site) const {
  static const std::vector<Stay>* const kNone = new std::vector<Stay>();
  return site < by_site_.size() ? by_site_[site] : *kNone;
}

}  // namespace bonsai
