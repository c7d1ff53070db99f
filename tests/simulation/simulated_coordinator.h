// The coordinator's driver without threads and sockets: the real Scheduler over a MemoryRecordStore,
// committing before it answers, and falling over when told to. A batch is kept whole or not at all, which is
// what the real store's contract is.
#ifndef BONSAI_TESTS_SIMULATION_SIMULATED_COORDINATOR_H_
#define BONSAI_TESTS_SIMULATION_SIMULATED_COORDINATOR_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/store/memory_record_store.h"
#include "tests/simulation/random.h"

namespace bonsai {

class SimulatedCoordinator {
 public:
  SimulatedCoordinator(const SchedulerOptions& options, absl::Time now) { Start(options, now); }

  bool up() const { return scheduler_ != nullptr; }
  void Crash() { scheduler_.reset(); }
  // Loads the records and goes on, with this configuration.
  void Start(const SchedulerOptions& options, absl::Time now);

  // The actions, once they are durable. Empty if it is down, or went down while it committed, which happens
  // with this chance: then the batch may have been kept or not.
  std::optional<std::vector<Action>> Handle(absl::Time now, const Event& event, double crash_chance,
                                            Random& random);

  const Records& kept() const { return store_.records(); }
  int commits() const { return store_.commits(); }
  // The batches that were kept since the last call, also those whose sender never heard of it.
  std::vector<RecordBatch> TakeKept() { return std::exchange(kept_batches_, {}); }
  // nullptr while it is down.
  Scheduler* scheduler() { return scheduler_.get(); }
  // Of all actions so far; equal histories have equal digests.
  uint64_t digest() const { return digest_; }

 private:
  void Digest(const std::string& bytes);

  MemoryRecordStore store_;
  std::vector<RecordBatch> kept_batches_;
  std::unique_ptr<Scheduler> scheduler_;
  uint64_t digest_ = 14695981039346656037u;  // FNV-1a
};

}  // namespace bonsai

#endif  // BONSAI_TESTS_SIMULATION_SIMULATED_COORDINATOR_H_
