#include "tests/simulation/simulated_coordinator.h"

#include <utility>

#include "coordinator/store/record_actions.h"

namespace bonsai {

void SimulatedCoordinator::Start(const SchedulerOptions& options, absl::Time now) {
  scheduler_ = Scheduler::Create(options, *store_.Load(), now);
}

void SimulatedCoordinator::Digest(const std::string& bytes) {
  for (unsigned char byte : bytes) digest_ = (digest_ ^ byte) * 1099511628211u;
}

std::optional<std::vector<Action>> SimulatedCoordinator::Handle(absl::Time now, const Event& event,
                                                                double crash_chance, Random& random) {
  if (!up()) return std::nullopt;
  std::vector<Action> actions = scheduler_->Apply(now, event);
  RecordBatch batch;
  for (const Action& action : actions) {
    if (const auto* put = std::get_if<PutJob>(&action)) Digest(put->record.SerializeAsString());
    if (const auto* reply = std::get_if<ReplySynchronized>(&action)) {
      Digest(reply->response.SerializeAsString());
    }
    Action record = action;
    TakeRecord(record, batch);
  }
  if (!batch.empty() && random.Chance(crash_chance)) {
    store_.FailNextCommit(random.Chance(0.5) ? MemoryRecordStore::Fault::kAllKept
                                             : MemoryRecordStore::Fault::kNothingKept);
  }
  const int commits = store_.commits();
  const bool committed = store_.Commit(batch).ok();
  if (store_.commits() != commits) kept_batches_.push_back(std::move(batch));
  if (committed) return actions;
  Crash();
  return std::nullopt;
}

}  // namespace bonsai
