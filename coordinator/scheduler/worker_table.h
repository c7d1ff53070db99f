// The workers that were heard of: sessions, leases, offers, and the processes they report that no live
// attempt has.
//
// Used by the Scheduler alone; single-threaded; not durable.
#ifndef BONSAI_COORDINATOR_SCHEDULER_WORKER_TABLE_H_
#define BONSAI_COORDINATOR_SCHEDULER_WORKER_TABLE_H_

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bonsai/v1/worker.pb.h"
#include "coordinator/scheduler/placement.h"

namespace bonsai {

// A process of an attempt that has ended, which its worker has not stopped yet. It still holds its room.
struct Stray {
  std::string job_id;
  uint32_t attempt = 0;
  uint32_t rank = 0;
  RankNeed need;
  std::string device_id;
};

struct Worker {
  std::string id;
  std::string session;
  uint64_t sequence = 0;  // of the newest request that was believed
  absl::Time lease_until;
  bool live = false;
  bool leaving = false;
  v1::WorkerOffer offer;
  std::vector<Stray> strays;
  std::deque<std::string> retired_sessions;  // newest first, a bounded number
};

// InvalidArgument names the field of the request that is missing, too large or there twice.
absl::Status CheckSynchronizeRequest(const v1::SynchronizeRequest& request);

class WorkerTable {
 public:
  WorkerTable() = default;
  WorkerTable(const WorkerTable&) = delete;
  WorkerTable& operator=(const WorkerTable&) = delete;

  // What to make of a request.
  enum class Heard {
    kSameSession,
    kFirstSession,  // nothing was known of this worker
    kNewSession,    // the worker was started again: what its old session ran is gone
    kLate,          // behind a newer request of its session, or a repetition: not to be believed
    kRetired,       // from a session that another has replaced: not to be believed, and to run nothing
  };

  // Renews the lease where the request is to be believed. ResourceExhausted for one worker too many.
  absl::Status Hear(const v1::SynchronizeRequest& request, absl::Time now, absl::Duration lease,
                    Heard& heard);

  // Ends the leases that are over by now; the workers' ids. Forgets workers that were silent for long.
  std::vector<std::string> Expire(absl::Time now);
  // When the next lease ends; InfiniteFuture if there is none.
  absl::Time NextExpiry() const;

  // What the worker has room for may be another than it was.
  void MarkChanged(const std::string& id) { changed_.insert(id); }
  // Those that were marked since the last call, by themselves (offers, leases, leaving) or by a caller.
  absl::btree_set<std::string> TakeChanged() { return std::exchange(changed_, {}); }

  Worker* Find(const std::string& id);
  const Worker* Find(const std::string& id) const { return const_cast<WorkerTable*>(this)->Find(id); }
  const std::map<std::string, Worker>& all() const { return workers_; }

 private:
  // The first lease to end, with entries of leases that were renewed brought up to date.
  void Refresh() const;

  std::map<std::string, Worker> workers_;
  absl::flat_hash_map<std::string, Worker*> by_id_;  // the same
  // Of live workers, when a lease was to end when it was last looked at: it may have been renewed since. Of
  // those that end together, none is told from another by its place here.
  mutable absl::btree_set<std::pair<absl::Time, Worker*>> leases_;
  absl::btree_set<std::pair<absl::Time, std::string>> silent_;  // since when
  absl::btree_set<std::string> changed_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_WORKER_TABLE_H_
