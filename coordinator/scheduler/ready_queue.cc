#include "coordinator/scheduler/ready_queue.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bonsai {
namespace {

uint64_t RanksThatFit(const std::vector<Room>& rooms, const RankNeed& need) {
  uint64_t count = 0;
  for (const Room& room : rooms) count += RanksThatFit(room, need);
  return count;
}

// "2 cpus for each of 2 ranks"
std::string PerRank(const std::string& what, uint32_t ranks) {
  return ranks == 1 ? what : absl::StrCat(what, " for each of ", ranks, " ranks");
}

std::string ExplainDevice(const std::string& target, const std::vector<Room>& rooms) {
  absl::btree_set<std::string> targets;
  for (const Room& room : rooms) {
    for (const v1::Device& device : room.devices) targets.insert(device.target());
  }
  return absl::StrCat("needs a ", target, " device; ",
                      targets.empty()
                          ? "no connected worker has any device"
                          : absl::StrCat("the connected workers have: ", absl::StrJoin(targets, ", ")));
}

// Why not even one rank fits on any of the workers, each of which has its runner.
std::string ExplainTooLarge(const RankNeed& need, uint32_t ranks, const std::vector<Room>& rooms) {
  Room largest;
  bool has_device = need.device_target.empty();
  for (const Room& room : rooms) {
    largest.cpus = std::max(largest.cpus, room.cpus);
    largest.memory_bytes = std::max(largest.memory_bytes, room.memory_bytes);
    largest.gpus = std::max(largest.gpus, room.gpus);
    has_device |= std::any_of(room.devices.begin(), room.devices.end(), [&](const v1::Device& device) {
      return device.target() == need.device_target;
    });
  }
  if (!has_device) return ExplainDevice(need.device_target, rooms);
  if (largest.cpus < need.cpus) {
    return absl::StrCat("needs ", PerRank(absl::StrCat(need.cpus, " cpus"), ranks),
                        "; the largest worker has ", largest.cpus);
  }
  if (largest.memory_bytes < need.memory_bytes) {
    return absl::StrCat("needs ", PerRank(absl::StrCat(need.memory_bytes, " bytes of memory"), ranks),
                        "; the largest worker has ", largest.memory_bytes);
  }
  if (largest.gpus < need.gpus) {
    return absl::StrCat("needs ", PerRank(absl::StrCat(need.gpus, need.gpus == 1 ? " gpu" : " gpus"), ranks),
                        "; the largest worker has ", largest.gpus);
  }
  return absl::StrCat("needs ", PerRank(DescribeNeed(need), ranks), "; no worker has all of it");
}

}  // namespace

std::string ExplainNoStart(const v1::JobSpec& spec, const Rooms& rooms, size_t workers_leaving) {
  const RankNeed need = NeedOf(spec);
  const uint32_t ranks = RanksOf(spec);
  if (rooms.whole.empty()) {
    return workers_leaving > 0 ? "every connected worker is leaving or cordoned" : "no worker is connected";
  }
  std::vector<Room> able;
  for (const Room& room : rooms.whole) {
    if (std::find(room.kinds.begin(), room.kinds.end(), need.kind) != room.kinds.end()) able.push_back(room);
  }
  if (able.empty()) return absl::StrCat("no connected worker has a runner for ", need.kind, " jobs");
  const uint64_t whole = RanksThatFit(able, need);
  if (whole == 0) return ExplainTooLarge(need, ranks, able);
  if (whole < ranks) {
    return absl::StrCat("needs ", PerRank(DescribeNeed(need), ranks), "; the connected workers hold ", whole,
                        " such ranks when they run nothing else");
  }
  const uint64_t free = RanksThatFit(rooms.free, need);
  if (free >= ranks) return "waits for room that is kept for an older job";
  return absl::StrCat("waits for room: needs ", PerRank(DescribeNeed(need), ranks), "; ", free, " of ", ranks,
                      ranks == 1 ? " rank fits" : " ranks fit", " now");
}

}  // namespace bonsai
