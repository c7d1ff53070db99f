#include "coordinator/scheduler/placement.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {
namespace {

constexpr uint64_t kDefaultMemoryBytes = uint64_t{512} << 20;

std::string Counted(uint64_t count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string DescribeBytes(uint64_t bytes) {
  constexpr uint64_t kMib = uint64_t{1} << 20;
  if (bytes % (kMib << 10) == 0) return absl::StrCat(bytes >> 30, " GiB");
  if (bytes % kMib == 0) return absl::StrCat(bytes >> 20, " MiB");
  return absl::StrCat(bytes, " bytes");
}

std::vector<v1::Device>::iterator FindDeviceOf(Room& room, const std::string& target) {
  return std::find_if(room.devices.begin(), room.devices.end(),
                      [&](const v1::Device& device) { return device.target() == target; });
}

}  // namespace

RankNeed NeedOf(const v1::JobSpec& spec) {
  const v1::Resources& resources = spec.resources();
  RankNeed need;
  need.kind = JobKind(spec);
  need.cpus = std::max(resources.cpus(), 1u);
  need.memory_bytes = resources.memory_bytes() == 0 ? kDefaultMemoryBytes : resources.memory_bytes();
  need.gpus = resources.gpus();
  need.device_target = DeviceTarget(spec);
  need.labels.assign(resources.labels().begin(), resources.labels().end());
  std::sort(need.labels.begin(), need.labels.end());
  return need;
}

uint32_t RanksOf(const v1::JobSpec& spec) { return std::max(spec.resources().ranks(), 1u); }

uint32_t MinRanksOf(const v1::JobSpec& spec) {
  const uint32_t least = spec.resources().min_ranks();
  return least == 0 ? RanksOf(spec) : std::min(least, RanksOf(spec));
}

uint32_t MaxRanksOf(const v1::JobSpec& spec) { return std::max(spec.resources().max_ranks(), RanksOf(spec)); }

std::string DescribeNeed(const RankNeed& need) {
  std::vector<std::string> parts = {Counted(need.cpus, "cpu"),
                                    absl::StrCat(DescribeBytes(need.memory_bytes), " of memory")};
  if (need.gpus > 0) parts.push_back(Counted(need.gpus, "gpu"));
  if (!need.device_target.empty()) parts.push_back(absl::StrCat("a ", need.device_target, " device"));
  for (const auto& [key, value] : need.labels) parts.push_back(absl::StrCat("the label ", key, "=", value));
  std::string last = std::move(parts.back());
  parts.pop_back();
  return absl::StrCat(absl::StrJoin(parts, ", "), " and ", last);
}

Room RoomOf(const std::string& worker_id, const v1::WorkerOffer& offer) {
  Room room;
  room.worker_id = worker_id;
  room.cpus = offer.cpus();
  room.memory_bytes = offer.memory_bytes();
  room.gpus = offer.gpus();
  if (offer.gpu_devices_size() > 0) {
    const auto healthy = std::count_if(offer.gpu_devices().begin(), offer.gpu_devices().end(),
                                       [](const v1::Gpu& gpu) { return gpu.unhealthy().empty(); });
    room.gpus = std::min(room.gpus, static_cast<uint32_t>(healthy));
  }
  room.devices.assign(offer.devices().begin(), offer.devices().end());
  room.kinds.assign(offer.kinds().begin(), offer.kinds().end());
  room.labels.assign(offer.labels().begin(), offer.labels().end());
  std::sort(room.labels.begin(), room.labels.end());
  return room;
}

void Take(Room& room, const RankNeed& need, const std::string& device_id) {
  room.cpus -= std::min(room.cpus, need.cpus);
  room.memory_bytes -= std::min(room.memory_bytes, need.memory_bytes);
  room.gpus -= std::min(room.gpus, need.gpus);
  if (device_id.empty()) return;
  auto it = std::find_if(room.devices.begin(), room.devices.end(),
                         [&](const v1::Device& device) { return device.id() == device_id; });
  if (it != room.devices.end()) room.devices.erase(it);
}

bool IsAble(const Room& room, const RankNeed& need) {
  return std::find(room.kinds.begin(), room.kinds.end(), need.kind) != room.kinds.end() &&
         std::includes(room.labels.begin(), room.labels.end(), need.labels.begin(), need.labels.end());
}

uint32_t RanksThatFit(const Room& room, const RankNeed& need) {
  if (!IsAble(room, need)) return 0;
  uint64_t count = room.cpus / need.cpus;
  count = std::min<uint64_t>(count, room.memory_bytes / need.memory_bytes);
  if (need.gpus > 0) count = std::min<uint64_t>(count, room.gpus / need.gpus);
  if (!need.device_target.empty()) {
    count = std::min<uint64_t>(
        count, std::count_if(room.devices.begin(), room.devices.end(), [&](const v1::Device& device) {
          return device.target() == need.device_target;
        }));
  }
  return static_cast<uint32_t>(std::min<uint64_t>(count, std::numeric_limits<uint32_t>::max()));
}

std::optional<std::vector<v1::Placement>> PlaceGang(const RankNeed& need, uint32_t ranks,
                                                    std::vector<Room>& rooms) {
  std::vector<uint32_t> counts;
  uint64_t found = 0;
  for (const Room& room : rooms) {
    counts.push_back(static_cast<uint32_t>(std::min<uint64_t>(RanksThatFit(room, need), ranks - found)));
    found += counts.back();
    if (found == ranks) break;
  }
  if (found < ranks) return std::nullopt;
  std::vector<v1::Placement> placements;
  for (size_t i = 0; i < counts.size(); ++i) {
    for (uint32_t taken = 0; taken < counts[i]; ++taken) {
      v1::Placement& placement = placements.emplace_back();
      placement.set_rank(static_cast<uint32_t>(placements.size() - 1));
      placement.set_worker_id(rooms[i].worker_id);
      if (!need.device_target.empty())
        placement.set_device_id(FindDeviceOf(rooms[i], need.device_target)->id());
      Take(rooms[i], need, placement.device_id());
    }
  }
  return placements;
}

}  // namespace bonsai
