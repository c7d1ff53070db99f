#include "coordinator/scheduler/room_index.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

// Shapes that no job has any more, whose counts are kept because the next job may well have one of them.
constexpr size_t kIdleShapesMax = 64;

Amount AmountOf(const RankNeed& need) { return {need.gpus, need.cpus, need.memory_bytes}; }

std::string KeyOf(const Shape& shape) {
  std::string key = absl::StrCat(shape.need.kind, "\n", shape.need.cpus, " ", shape.need.memory_bytes, " ",
                                 shape.need.gpus, " ", shape.min_ranks, " ", shape.max_ranks, " ",
                                 shape.time_limit_seconds, "\n", shape.need.device_target, "\n");
  for (const auto& [label, value] : shape.need.labels) {
    absl::StrAppend(&key, label.size(), " ", label, " ", value.size(), " ", value);
  }
  for (const std::string& worker : shape.excluded) absl::StrAppend(&key, "\n", worker);
  return key;
}

}  // namespace

RoomIndex::Site RoomIndex::FindSite(absl::string_view worker_id) {
  auto [it, fresh] = site_by_id_.try_emplace(std::string(worker_id), static_cast<Site>(sites_.size()));
  if (fresh) {
    sites_.emplace_back().view.worker_id = std::string(worker_id);
    for (ShapeId id : counted_) {
      const auto& excluded = shapes_[id].shape.excluded;
      if (std::find(excluded.begin(), excluded.end(), worker_id) != excluded.end())
        shapes_[id].excluded.insert(it->second);
    }
  }
  return it->second;
}

std::optional<RoomIndex::Site> RoomIndex::KnownSite(absl::string_view worker_id) const {
  auto it = site_by_id_.find(worker_id);
  return it == site_by_id_.end() ? std::nullopt : std::optional<Site>(it->second);
}

uint32_t RoomIndex::FindKind(const v1::WorkerOffer& offer) {
  WorkerKind kind;
  kind.kinds.assign(offer.kinds().begin(), offer.kinds().end());
  std::sort(kind.kinds.begin(), kind.kinds.end());
  kind.labels.assign(offer.labels().begin(), offer.labels().end());
  std::sort(kind.labels.begin(), kind.labels.end());
  std::string key;
  for (const std::string& name : kind.kinds) absl::StrAppend(&key, name, "\n");
  for (const auto& [label, value] : kind.labels) {
    absl::StrAppend(&key, label.size(), " ", label, " ", value.size(), " ", value);
  }
  auto [it, fresh] = kind_by_key_.try_emplace(std::move(key), static_cast<uint32_t>(kinds_.size()));
  if (fresh) kinds_.push_back(std::move(kind));
  return it->second;
}

// --- Shapes
// -------------------------------------------------------------------------------------------------------

bool RoomIndex::IsAble(const ShapeState& shape, uint32_t kind) const {
  auto& able = const_cast<ShapeState&>(shape).able;  // a cache
  if (able.size() <= kind) able.resize(kinds_.size(), -1);
  if (able[kind] < 0) {
    const WorkerKind& of = kinds_[kind];
    const RankNeed& need = shape.shape.need;
    able[kind] = std::binary_search(of.kinds.begin(), of.kinds.end(), need.kind) &&
                 std::includes(of.labels.begin(), of.labels.end(), need.labels.begin(), need.labels.end());
  }
  return able[kind] > 0;
}

uint32_t RoomIndex::Count(const ShapeState& shape, const SiteState& site, const Amount& amount,
                          const std::vector<v1::Device>& devices) const {
  const Amount& need = shape.need;
  if (amount.cpus < need.cpus || amount.gpus < need.gpus || amount.memory_bytes < need.memory_bytes) return 0;
  if (!site.view.usable || !IsAble(shape, site.kind)) return 0;
  uint64_t count = shape.shape.max_ranks;
  if (count > 1) {
    count = std::min({count, amount.cpus / need.cpus, amount.memory_bytes / need.memory_bytes});
    if (need.gpus > 0) count = std::min(count, amount.gpus / need.gpus);
  }
  const std::string& target = shape.shape.need.device_target;
  if (!target.empty()) {
    count = std::min<uint64_t>(
        count, std::count_if(devices.begin(), devices.end(),
                             [&](const v1::Device& device) { return device.target() == target; }));
  }
  return static_cast<uint32_t>(count);
}

uint32_t RoomIndex::RanksIn(ShapeId id, Site site, const Amount& amount) const {
  const ShapeState& shape = shapes_[id];
  if (!shape.ignores_excluded && IsExcluded(shape, site)) return 0;
  return Count(shape, sites_[site], amount, sites_[site].view.devices);
}

uint32_t RoomIndex::RanksOnWhole(ShapeId id, Site site) const {
  const ShapeState& shape = shapes_[id];
  if (!shape.ignores_excluded && IsExcluded(shape, site)) return 0;
  return Count(shape, sites_[site], sites_[site].view.whole, sites_[site].view.all_devices);
}

uint64_t RoomIndex::RanksWhole(ShapeId id) const {
  const ShapeState& shape = shapes_[id];
  return shape.whole + (shape.ignores_excluded ? shape.whole_excluded : 0);
}

void RoomIndex::ChooseExclusion(ShapeState& shape) {
  const bool ignores = shape.whole < shape.shape.min_ranks;
  if (ignores != shape.ignores_excluded) CountAgain(shape);
}

void RoomIndex::CountAgain(ShapeState& shape) {
  shape.whole = shape.whole_excluded = shape.open = 0;
  uint64_t open_excluded = 0;
  for (Site site = 0; site < sites_.size(); ++site) {
    const SiteState& state = sites_[site];
    const uint32_t whole = Count(shape, state, state.view.whole, state.view.all_devices);
    if (whole == 0) continue;
    const bool excluded = IsExcluded(shape, site);
    (excluded ? shape.whole_excluded : shape.whole) += whole;
    (excluded ? open_excluded : shape.open) += Count(shape, state, state.view.open, state.view.devices);
  }
  shape.ignores_excluded = !shape.excluded.empty() && shape.whole < shape.shape.min_ranks;
  if (shape.ignores_excluded) shape.open += open_excluded;
}

RoomIndex::ShapeId RoomIndex::Use(const Shape& shape) {
  std::string key = KeyOf(shape);
  if (auto it = shape_by_key_.find(key); it != shape_by_key_.end()) {
    ++shapes_[it->second].users;
    return it->second;
  }
  if (unused_.empty()) {
    unused_.push_back(static_cast<ShapeId>(shapes_.size()));
    shapes_.emplace_back();
  }
  const ShapeId id = unused_.back();
  unused_.pop_back();
  ShapeState& state = shapes_[id];
  state = ShapeState();
  state.shape = shape;
  state.need = AmountOf(shape.need);
  state.users = 1;
  state.key = key;
  for (const std::string& worker : shape.excluded) {
    if (auto site = KnownSite(worker)) state.excluded.insert(*site);
  }
  shape_by_key_.emplace(std::move(key), id);
  counted_.push_back(id);
  CountAgain(state);
  return id;
}

void RoomIndex::Drop(ShapeId dropped) {
  if (--shapes_[dropped].users > 0) return;
  size_t idle = 0;
  for (ShapeId id : counted_) idle += shapes_[id].users == 0;
  if (idle <= kIdleShapesMax) return;
  const auto oldest =
      std::find_if(counted_.begin(), counted_.end(), [&](ShapeId id) { return shapes_[id].users == 0; });
  shape_by_key_.erase(shapes_[*oldest].key);
  shapes_[*oldest] = ShapeState();
  unused_.push_back(*oldest);
  counted_.erase(oldest);
}

}  // namespace bonsai
