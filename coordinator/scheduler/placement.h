// Where a gang fits: all of its ranks, over the free room of one or several workers, or none.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_PLACEMENT_H_
#define BONSAI_COORDINATOR_SCHEDULER_PLACEMENT_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bonsai/v1/job.pb.h"
#include "bonsai/v1/runner.pb.h"
#include "bonsai/v1/worker.pb.h"

namespace bonsai {

// What every rank of a job needs, defaults filled in.
struct RankNeed {
  std::string kind;  // a runner for it must be installed
  uint32_t cpus = 1;
  uint64_t memory_bytes = 0;
  uint32_t gpus = 0;
  std::string device_target;                                // "": no device
  std::vector<std::pair<std::string, std::string>> labels;  // a worker must carry all of them; sorted
};

RankNeed NeedOf(const v1::JobSpec& spec);
// The size of the gang, at least 1.
uint32_t RanksOf(const v1::JobSpec& spec);
// The bounds of an elastic gang; both RanksOf where the spec gives none.
uint32_t MinRanksOf(const v1::JobSpec& spec);
uint32_t MaxRanksOf(const v1::JobSpec& spec);
// "2 cpus, 1.5 GiB of memory, 1 gpu and a duo-64m device"
std::string DescribeNeed(const RankNeed& need);

// What is free on a worker.
struct Room {
  std::string worker_id;
  uint32_t cpus = 0;
  uint64_t memory_bytes = 0;
  uint32_t gpus = 0;
  std::vector<v1::Device> devices;
  std::vector<std::string> kinds;
  std::vector<std::pair<std::string, std::string>> labels;  // sorted
};

// All that a worker offers; a gpu that it says is unhealthy is not offered.
Room RoomOf(const std::string& worker_id, const v1::WorkerOffer& offer);
// Subtracts what a rank holds; stops at zero, for a worker may offer less than it did.
void Take(Room& room, const RankNeed& need, const std::string& device_id);
// Whether the worker has the runner and the labels, whatever it runs.
bool IsAble(const Room& room, const RankNeed& need);
// How many ranks fit at once.
uint32_t RanksThatFit(const Room& room, const RankNeed& need);

// First fit in the order of `rooms`: fills one after another and subtracts what was taken; empty, with
// nothing subtracted, where not all ranks fit.
std::optional<std::vector<v1::Placement>> PlaceGang(const RankNeed& need, uint32_t ranks,
                                                    std::vector<Room>& rooms);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_PLACEMENT_H_
