// Which GPUs this worker has, which of them may be used, and which rank has which: each is one rank's alone
// from the start of its process to its end.
//
// Made by the Agent. Offer and Refresh are called on the Synchronizer's thread, Take and Give on the process
// thread.
#ifndef BONSAI_WORKER_AGENT_GPU_LEDGER_H_
#define BONSAI_WORKER_AGENT_GPU_LEDGER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/worker.pb.h"
#include "worker/agent/gpu_driver.h"
#include "worker/agent/rank_table.h"

namespace bonsai {

// How often the driver is asked.
inline constexpr absl::Duration kGpuReadInterval = absl::Seconds(10);

class GpuLedger {
 public:
  // `driver` may be null: then nothing is known of GPUs but how many there are, `configured`. With a driver,
  // `configured` bounds how many are used; 0: all.
  GpuLedger(std::unique_ptr<GpuDriver> driver, uint32_t configured);

  // Asks the driver again, if the last time is long enough ago.
  void Refresh(absl::Time now);
  // Fills in gpus and gpu_devices. One that is unhealthy is shown, with the reason, and not counted.
  void Offer(v1::WorkerOffer& offer) const;

  // Ids of `count` GPUs that nobody has, which are the rank's now; none if there is no driver. Unavailable:
  // there are not so many.
  absl::StatusOr<std::vector<std::string>> Take(const RankKey& rank, uint32_t count);
  void Give(const RankKey& rank);

  // What a runner's environment must say, so that it sees its GPUs and no others; nothing if there is no
  // driver.
  std::vector<std::string> Environment(const std::vector<std::string>& ids) const;

 private:
  // Of all that the driver shows, those that are ours.
  size_t Ours() const;

  const std::unique_ptr<GpuDriver> driver_;
  const uint32_t configured_;
  mutable std::mutex mutex_;
  absl::Time read_ = absl::InfinitePast();
  std::vector<v1::Gpu> gpus_;
  std::map<std::string, RankKey> taken_;  // by id
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_AGENT_GPU_LEDGER_H_
