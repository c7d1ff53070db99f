// RoomIndex: which workers a policy should look at.
#include <algorithm>

#include "coordinator/scheduler/room_index.h"

namespace bonsai {
namespace {

constexpr size_t kBestFitsMax = 8;  // per kind of worker, where a job has a taste
constexpr size_t kHoldersMax = 64;  // workers looked at for each of a job's inputs

}  // namespace

void RoomIndex::AddBestFits(const ShapeState& shape, const WorkerKind& kind, uint32_t ranks, size_t most,
                            std::vector<Site>& found) const {
  const Amount least = {shape.need.gpus * ranks, shape.need.cpus * ranks, 0};
  for (auto it = kind.by_open.lower_bound({least, 0}); it != kind.by_open.end() && most > 0;) {
    if (it->first.cpus < least.cpus) {
      it = kind.by_open.lower_bound({Amount{it->first.gpus, least.cpus, 0}, 0});
      continue;
    }
    const SiteState& state = sites_[it->second];
    const bool barred = !shape.ignores_excluded && IsExcluded(shape, it->second);
    if (!barred && Count(shape, state, it->first, state.view.devices) >= ranks) {
      found.push_back(it->second);
      --most;
    }
    ++it;
  }
}

// From the largest on, for each number of gpus by itself: a gang without gpus leaves workers with gpus alone
// while others do.
void RoomIndex::AddLargest(const ShapeState& shape, uint32_t ranks, std::vector<Site>& found) const {
  for (uint32_t k = 0; k < kinds_.size(); ++k) {
    if (!IsAble(shape, k)) continue;
    const auto& by_open = kinds_[k].by_open;
    uint64_t sum = 0;
    for (auto group = by_open.lower_bound({shape.need, 0}); group != by_open.end() && sum < ranks;) {
      const uint64_t gpus = group->first.gpus;
      const auto end = by_open.lower_bound({Amount{gpus + 1, 0, 0}, 0});
      const auto begin = by_open.lower_bound({Amount{gpus, shape.need.cpus, 0}, 0});
      for (auto it = end; it != begin && sum < ranks;) {
        --it;
        if (!shape.ignores_excluded && IsExcluded(shape, it->second)) continue;
        const uint32_t fits = Count(shape, sites_[it->second], it->first, sites_[it->second].view.devices);
        if (fits > 0) found.push_back(it->second);
        sum += fits;
      }
      group = end;
    }
  }
}

Candidate RoomIndex::Describe(const ShapeState& shape, Site site, bool own, const Taste& taste) const {
  const SiteState& state = sites_[site];
  Candidate candidate;
  candidate.worker = site;
  candidate.free = own ? state.view.free : state.view.open;
  candidate.ranks = Count(shape, state, candidate.free, state.view.devices);
  if (!shape.ignores_excluded && IsExcluded(shape, site)) candidate.ranks = 0;
  if (taste.empty()) return candidate;
  const auto& labels = kinds_[state.kind].labels;
  for (const auto& label : taste.labels) {
    candidate.preferred += std::binary_search(labels.begin(), labels.end(), label);
  }
  for (const std::string& artifact : taste.artifacts) {
    auto holders = by_artifact_.find(artifact);
    candidate.cached +=
        state.shares_storage || (holders != by_artifact_.end() && holders->second.contains(site));
  }
  candidate.failed_before = std::find(taste.failed_on.begin(), taste.failed_on.end(), state.view.worker_id) !=
                            taste.failed_on.end();
  return candidate;
}

std::vector<Candidate> RoomIndex::FindCandidates(ShapeId id, uint32_t ranks, const Taste& taste,
                                                 const std::vector<Site>& own) const {
  const ShapeState& shape = shapes_[id];
  std::vector<Site> found = own;
  const size_t most = taste.empty() ? 1 : kBestFitsMax;
  for (uint32_t k = 0; k < kinds_.size(); ++k) {
    if (!IsAble(shape, k)) continue;
    AddBestFits(shape, kinds_[k], 1, most, found);
    if (ranks > 1) AddBestFits(shape, kinds_[k], ranks, most, found);
  }
  if (ranks > 1) AddLargest(shape, ranks, found);
  for (const std::string& artifact : taste.artifacts) {
    auto holders = by_artifact_.find(artifact);
    if (holders == by_artifact_.end()) continue;
    size_t added = 0;
    for (auto it = holders->second.begin(); it != holders->second.end() && added < kHoldersMax;
         ++it, ++added) {
      found.push_back(*it);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<Candidate> candidates;
  for (Site site : found) {
    const bool is_own = std::find(own.begin(), own.end(), site) != own.end();
    const Candidate candidate = Describe(shape, site, is_own, taste);
    if (candidate.ranks > 0) candidates.push_back(candidate);
  }
  return candidates;
}

}  // namespace bonsai
