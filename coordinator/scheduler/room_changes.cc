// RoomIndex: a worker's room as it comes and goes.
#include <algorithm>

#include "coordinator/scheduler/room_index.h"

namespace bonsai {
namespace {

constexpr int kCachedArtifactsMax = 1024;  // per worker

Amount AmountOf(const Room& room) { return {room.gpus, room.cpus, room.memory_bytes}; }

Amount Least(const Amount& a, const Amount& b) {
  return {std::min(a.gpus, b.gpus), std::min(a.cpus, b.cpus), std::min(a.memory_bytes, b.memory_bytes)};
}

void Subtract(Amount& amount, const Amount& taken) {
  amount.gpus -= std::min(amount.gpus, taken.gpus);
  amount.cpus -= std::min(amount.cpus, taken.cpus);
  amount.memory_bytes -= std::min(amount.memory_bytes, taken.memory_bytes);
}

}  // namespace

void RoomIndex::SetSite(Site site, const Room& whole, const Room& free, const v1::WorkerOffer& offer) {
  Withdraw(site);
  SiteState& state = sites_[site];
  const uint32_t kind = FindKind(offer);
  state.kind = kind;
  state.view.usable = true;
  state.view.whole = AmountOf(whole);
  state.view.free = Least(AmountOf(free), state.view.whole);
  state.view.open = state.bounded ? Least(state.view.free, state.bound) : state.view.free;
  state.view.devices = free.devices;
  state.view.all_devices = whole.devices;
  state.shares_storage = offer.shares_storage();
  const bool same = std::equal(state.cached.begin(), state.cached.end(), offer.cached_artifacts().begin(),
                               offer.cached_artifacts().end());
  if (!same) {
    for (const std::string& artifact : state.cached) by_artifact_[artifact].erase(site);
    for (const std::string& artifact : state.cached) {
      auto it = by_artifact_.find(artifact);
      if (it != by_artifact_.end() && it->second.empty()) by_artifact_.erase(it);
    }
    state.cached.assign(
        offer.cached_artifacts().begin(),
        offer.cached_artifacts().begin() + std::min(offer.cached_artifacts_size(), kCachedArtifactsMax));
    for (const std::string& artifact : state.cached) by_artifact_[artifact].insert(site);
  }
  Enter(site);
}

void RoomIndex::CloseSite(Site site) {
  Withdraw(site);
  sites_[site].view.usable = false;
}

void RoomIndex::Take(Site site, const RankNeed& need, uint32_t ranks,
                     const std::vector<std::string>& device_ids) {
  WithdrawOpen(site);
  SiteState& state = sites_[site];
  const Amount taken = {uint64_t{need.gpus} * ranks, uint64_t{need.cpus} * ranks, need.memory_bytes * ranks};
  Subtract(state.view.free, taken);
  if (state.bounded) Subtract(state.bound, taken);
  state.view.open = state.bounded ? Least(state.view.free, state.bound) : state.view.free;
  auto& devices = state.view.devices;
  for (const std::string& id : device_ids) {
    const auto device =
        std::find_if(devices.begin(), devices.end(), [&](const v1::Device& d) { return d.id() == id; });
    if (device != devices.end()) devices.erase(device);
  }
  EnterOpen(site);
}

void RoomIndex::SetOpen(Site site, const Amount& open) {
  WithdrawOpen(site);
  SiteState& state = sites_[site];
  state.bounded = true;
  state.bound = open;
  state.view.open = Least(state.view.free, open);
  EnterOpen(site);
}

void RoomIndex::ClearOpen(Site site) {
  WithdrawOpen(site);
  sites_[site].bounded = false;
  sites_[site].view.open = sites_[site].view.free;
  EnterOpen(site);
}

void RoomIndex::Withdraw(Site site) {
  const SiteState& state = sites_[site];
  if (!state.view.usable) return;
  kinds_[state.kind].by_open.erase({state.view.open, site});
  for (ShapeId id : counted_) {
    ShapeState& shape = shapes_[id];
    const uint32_t whole = Count(shape, state, state.view.whole, state.view.all_devices);
    if (whole == 0) continue;
    const bool excluded = IsExcluded(shape, site);
    (excluded ? shape.whole_excluded : shape.whole) -= whole;
    if (excluded && !shape.ignores_excluded) continue;
    shape.open -= Count(shape, state, state.view.open, state.view.devices);
  }
}

void RoomIndex::Enter(Site site) {
  const SiteState& state = sites_[site];
  if (!state.view.usable) return;
  kinds_[state.kind].by_open.insert({state.view.open, site});
  for (ShapeId id : counted_) {
    ShapeState& shape = shapes_[id];
    const uint32_t whole = Count(shape, state, state.view.whole, state.view.all_devices);
    if (whole == 0) continue;
    const bool excluded = IsExcluded(shape, site);
    (excluded ? shape.whole_excluded : shape.whole) += whole;
    if (!excluded || shape.ignores_excluded)
      shape.open += Count(shape, state, state.view.open, state.view.devices);
    if (!shape.excluded.empty()) ChooseExclusion(shape);
  }
}

void RoomIndex::WithdrawOpen(Site site) {
  const SiteState& state = sites_[site];
  if (!state.view.usable) return;
  kinds_[state.kind].by_open.erase({state.view.open, site});
  for (ShapeId id : counted_) {
    ShapeState& shape = shapes_[id];
    if (!shape.ignores_excluded && IsExcluded(shape, site)) continue;
    shape.open -= Count(shape, state, state.view.open, state.view.devices);
  }
}

void RoomIndex::EnterOpen(Site site) {
  const SiteState& state = sites_[site];
  if (!state.view.usable) return;
  kinds_[state.kind].by_open.insert({state.view.open, site});
  for (ShapeId id : counted_) {
    ShapeState& shape = shapes_[id];
    if (!shape.ignores_excluded && IsExcluded(shape, site)) continue;
    shape.open += Count(shape, state, state.view.open, state.view.devices);
  }
}

}  // namespace bonsai
