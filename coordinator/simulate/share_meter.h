// What tenants held of a cluster over time, and what they were due.
//
// A value; the time never goes back.
#ifndef BONSAI_COORDINATOR_SIMULATE_SHARE_METER_H_
#define BONSAI_COORDINATOR_SIMULATE_SHARE_METER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace bonsai {

class ShareMeter {
 public:
  struct Share {
    double got = 0;  // parts of all that was held, over the times at which the tenant had jobs waiting
    double due = 0;  // 0: it never had to wait
  };

  // `end`: what comes later is not measured.
  ShareMeter(absl::Time start, absl::Time end) : last_(start), end_(end) {}

  // Tenants are numbered as they are added.
  size_t AddTenant(double weight);
  // It holds so many cpus and gpus more, or fewer.
  void Hold(size_t tenant, double cpus, double gpus, absl::Time now);
  // So many more or fewer of its jobs wait.
  void Wait(size_t tenant, int64_t jobs, absl::Time now);

  Share ShareOf(size_t tenant) const;
  // Of all tenants that had to wait; 1 if none had.
  double JainIndex() const;
  // Up to `end`.
  double cpu_seconds() const { return cpu_seconds_; }
  double gpu_seconds() const { return gpu_seconds_; }
  // Counts what is held up to now.
  void Advance(absl::Time now);

 private:
  struct Tenant {
    double weight = 1;
    double held = 0;  // in cpus, a gpu counting as 16
    int64_t waiting = 0;
    double got = 0;
    double due = 0;
    double all = 0;
  };

  std::vector<Tenant> tenants_;
  absl::Time last_;
  absl::Time end_;
  double cpus_ = 0;
  double gpus_ = 0;
  double cpu_seconds_ = 0;
  double gpu_seconds_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SIMULATE_SHARE_METER_H_
