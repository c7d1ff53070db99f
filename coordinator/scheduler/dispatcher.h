// Decides which waiting job starts, where, and who must leave for it. It is told of jobs, attempts and
// workers as they change, and keeps what it needs to decide without looking at what did not change.
//
// The order is that of PendingQueue. What fits starts; the first that does not fit (of those that need
// devices, gpus, or neither) gets a reservation, and jobs behind it start where they do not delay it. So do
// more of those that do not fit, as long as jobs of tenants that have had more would go before them: else
// tenants whose jobs are small would get the share of those whose jobs are large. A job that outranks running
// ones makes them leave once it has waited for `preempt_after`.
//
// Held by the Scheduler; single-threaded; no clock.
#ifndef BONSAI_COORDINATOR_SCHEDULER_DISPATCHER_H_
#define BONSAI_COORDINATOR_SCHEDULER_DISPATCHER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "coordinator/scheduler/fair_share.h"
#include "coordinator/scheduler/job_table.h"
#include "coordinator/scheduler/pending_queue.h"
#include "coordinator/scheduler/placement_policy.h"
#include "coordinator/scheduler/queue_table.h"
#include "coordinator/scheduler/reservation.h"
#include "coordinator/scheduler/room_index.h"
#include "coordinator/scheduler/running_table.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/scheduler/tenant_order.h"

namespace bonsai {

struct Start {
  std::string job_id;
  std::vector<v1::Placement> placements;
};

// The job's ranks are to be asked to checkpoint and leave.
struct Leave {
  std::string job_id;
  std::string why;
};

struct Decisions {
  std::vector<Start> starts;
  std::vector<Leave> leaves;
};

class Dispatcher {
 public:
  // `jobs` outlives it.
  Dispatcher(const SchedulerOptions& options, const JobTable& jobs);

  // --- What changed
  // The job waits for room only; if it did before, its record may have changed.
  void JobWaits(const v1::JobRecord& job, absl::Time now);
  // It does not, and does not run either.
  void JobGone(uint64_t sequence);
  // Attempts that Decide did not start: after a restart.
  void AttemptRuns(const v1::JobRecord& job, absl::Time now);
  // Its last attempt, as the record has it, is over by now.
  void AttemptEnded(const v1::JobRecord& job, absl::Time now);
  void AttemptEnding(uint64_t sequence);
  // What was used by attempts that ended before a restart.
  void CountPast(const v1::JobRecord& job, absl::Time now);
  void WorkerOffers(const std::string& worker_id, const Room& whole, const Room& free,
                    const v1::WorkerOffer& offer);
  void WorkerClosed(const std::string& worker_id);
  void ArtifactAdded(const v1::ArtifactRecord& artifact);

  // --- What follows
  // Decides, and takes its own decisions as having happened. Cheap where nothing changed.
  Decisions Decide(absl::Time now);
  // When to decide again though nothing changes; InfiniteFuture: never.
  absl::Time NextLook() const;

  // --- For people, and for checks at submission
  size_t waiting() const { return pending_.size(); }
  const QueueTable& queues() const { return queues_; }
  const FairShare& shares() const { return shares_; }
  const v1::TenantConfig& tenant(absl::string_view name) { return shares_.config(shares_.Find(name)); }
  // What a waiting job waits for besides room, e.g. its tenant's quota or a job before it; empty if nothing.
  std::string DescribeWait(const v1::JobRecord& job) const;
  const Reservation* FindReservation(uint64_t sequence) const;

 private:
  using Heads = std::vector<PendingQueue::Head>;  // by shape

  void DropStaleReservations();
  void Hold(Reservation reservation);
  void Free(uint64_t sequence);
  Amount AmountOf(const Reservation& reservation) const;
  void BoundSite(RoomIndex::Site site);
  Sites Held(uint64_t but_not_for) const;

  void StartHolders(absl::Time now, Decisions& decisions);
  void StartInOrder(absl::Time now, Decisions& decisions);
  // Keeps room for the first job that does not fit and comes before `best`, which does; false if there is
  // none that is to get any. `passed_over`: shapes that were looked at in this pass in vain.
  bool ReserveForBlocked(absl::Time now, const PendingQueue::Head& best,
                         absl::btree_set<RoomIndex::ShapeId>& passed_over);
  // Whether room is to be kept for it beside what is kept already; gives up what is kept for lower levels.
  bool MayReserve(const PendingJob& job, const PendingJob& best);
  // Jobs with a time limit, onto held sites, if they end before the holder could start.
  void Backfill(absl::Time now, Decisions& decisions);
  void Preempt(absl::Time now, Decisions& decisions);
  // False if it was of no use. `next`: when a job of this shape and level is to be looked at again anyway.
  bool PreemptForShape(Level level, RoomIndex::ShapeId shape, absl::Time now, absl::Time& next,
                       Decisions& decisions);
  bool PreemptFor(const PendingJob& job, absl::Time now, Decisions& decisions);
  // False if it does not fit after all. `own`: sites that are held for it, or that it may use as if they
  // were.
  bool StartJob(uint64_t sequence, const std::vector<RoomIndex::Site>& own, absl::Time now,
                Decisions& decisions);
  std::vector<v1::Placement> Place(const std::vector<Share>& shares, uint32_t ranks, const RankNeed& need);

  // As of this pass.
  const TenantOrder& OrderOf(absl::Time now);
  void ShareChanged(FairShare::Tenant tenant) {
    if (order_known_) order_.Update(shares_, tenant);
  }
  const PendingQueue::Head& HeadOf(RoomIndex::ShapeId shape, absl::Time now);
  void ForgetHeads() { heads_known_.assign(heads_known_.size(), kUnknown); }
  PendingQueue::Head FirstThatFits(absl::Time now);
  uint32_t Allowed(RoomIndex::ShapeId shape, FairShare::Tenant tenant, QueueTable::Queue queue,
                   uint32_t wanted, bool beside_kept = false) const;
  RoomIndex::Taste TasteOf(const v1::JobRecord& job) const;
  RunningJob Describe(const v1::JobRecord& job) const;
  void Count(const RunningJob& job, bool starts, absl::Time now);

  const absl::Duration preempt_after_;
  const absl::Duration default_grace_;
  const JobTable& jobs_;
  std::unique_ptr<PlacementPolicy> policy_ = MakePackingPolicy();
  mutable FairShare shares_;
  mutable QueueTable queues_;
  RoomIndex rooms_;
  PendingQueue pending_;
  RunningTable running_;
  absl::btree_map<uint64_t, Reservation> reservations_;  // by the job's sequence
  absl::btree_map<RoomIndex::Site, uint64_t> holder_;    // of a site: the reservation
  // When to see next whether jobs of a level and shape can make others leave; it waits longer where it was no
  // use.
  struct PreemptLook {
    absl::Time due;
    absl::Duration wait;
  };
  absl::btree_map<std::pair<Level, RoomIndex::ShapeId>, PreemptLook> preempt_looks_;
  absl::Time preempt_due_ = absl::InfiniteFuture();  // the first of them
  Heads heads_;
  // Of a shape that does not fit, the head is the first for which room may be kept beside what is kept.
  enum HeadKnown : uint8_t { kUnknown, kToStart, kToReserve };
  std::vector<HeadKnown> heads_known_;
  TenantOrder order_;
  bool order_known_ = false;
  bool changed_ = true;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_DISPATCHER_H_
