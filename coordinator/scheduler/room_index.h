// The room of all workers, kept so that the questions of every event cost little: does a shape of job fit
// now, would it fit on idle workers, and which workers should a policy look at. Each change of a worker's
// room updates the counts of the shapes in use; nothing walks over all workers for an event.
//
// Held by the Dispatcher; single-threaded; deterministic (workers and shapes are numbered as they come).
#ifndef BONSAI_COORDINATOR_SCHEDULER_ROOM_INDEX_H_
#define BONSAI_COORDINATOR_SCHEDULER_ROOM_INDEX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "coordinator/scheduler/placement.h"
#include "coordinator/scheduler/placement_policy.h"

namespace bonsai {

// What decides on which workers a job fits, and in what size.
struct Shape {
  RankNeed need;
  uint32_t min_ranks = 1;
  uint32_t max_ranks = 1;
  uint32_t time_limit_seconds = 0;    // 0: none
  std::vector<std::string> excluded;  // workers; ignored where without them it could never fit
};

class RoomIndex {
 public:
  using Site = uint32_t;  // a worker
  using ShapeId = uint32_t;

  struct SiteView {
    std::string worker_id;
    bool usable = false;  // may start something
    Amount whole;         // when it runs nothing
    Amount free;
    Amount open;                      // of `free`, what is not held for anybody
    std::vector<v1::Device> devices;  // free
    std::vector<v1::Device> all_devices;
  };

  // What a job is drawn to.
  struct Taste {
    std::vector<std::string> artifacts;
    std::vector<std::pair<std::string, std::string>> labels;
    std::vector<std::string> failed_on;  // workers

    bool empty() const { return artifacts.empty() && labels.empty() && failed_on.empty(); }
  };

  // --- Workers
  Site FindSite(absl::string_view worker_id);  // makes one that is not usable, if need be
  std::optional<Site> KnownSite(absl::string_view worker_id) const;
  const SiteView& site(Site site) const { return sites_[site].view; }
  size_t size() const { return sites_.size(); }
  // The worker may start something. `cached`: artifacts that it holds.
  void SetSite(Site site, const Room& whole, const Room& free, const v1::WorkerOffer& offer);
  void CloseSite(Site site);
  // So many ranks take their room, and the devices of these ids.
  void Take(Site site, const RankNeed& need, uint32_t ranks, const std::vector<std::string>& device_ids);
  // Others than the one for whom the site is held may use at most `open` of it.
  void SetOpen(Site site, const Amount& open);
  void ClearOpen(Site site);

  // --- Shapes
  // The number of an equal shape, or a new one. A shape lives as long as it has users, and some time longer.
  ShapeId Use(const Shape& shape);
  void Drop(ShapeId shape);
  const Shape& shape(ShapeId id) const { return shapes_[id].shape; }
  const Amount& need(ShapeId id) const { return shapes_[id].need; }
  size_t shapes() const { return shapes_.size(); }
  // Ranks of the shape that fit into what is open; and onto idle workers.
  uint64_t RanksOpen(ShapeId id) const { return shapes_[id].open; }
  uint64_t RanksWhole(ShapeId id) const;
  bool Fits(ShapeId id) const { return shapes_[id].open >= shapes_[id].shape.min_ranks; }
  bool CouldFit(ShapeId id) const { return RanksWhole(id) >= shapes_[id].shape.min_ranks; }
  // Ranks of the shape that fit into `amount` of the site, were it free.
  uint32_t RanksIn(ShapeId id, Site site, const Amount& amount) const;
  // Whole workers of this kind are those that the shape may use at all.
  uint32_t RanksOnWhole(ShapeId id, Site site) const;

  // Workers that hold `ranks` ranks together, if there are any that do, and those that a policy may like
  // better. `own`: sites that are held for this job, all of whose free room counts.
  std::vector<Candidate> FindCandidates(ShapeId id, uint32_t ranks, const Taste& taste,
                                        const std::vector<Site>& own) const;

 private:
  struct SiteState {
    SiteView view;
    uint32_t kind = 0;  // of worker
    bool bounded = false;
    Amount bound;  // of what is open
    std::vector<std::string> cached;
    bool shares_storage = false;
  };
  // Workers with the same runners and labels.
  struct WorkerKind {
    std::vector<std::string> kinds;
    std::vector<std::pair<std::string, std::string>> labels;
    absl::btree_set<std::pair<Amount, Site>> by_open;  // usable ones
  };
  struct ShapeState {
    Shape shape;
    Amount need;
    std::string key;
    uint32_t users = 0;
    std::vector<int8_t> able;  // by worker kind; -1: not known yet
    absl::btree_set<Site> excluded;
    uint64_t open = 0;
    uint64_t whole = 0;           // without the excluded
    uint64_t whole_excluded = 0;  // of the excluded
    bool ignores_excluded = false;
  };

  uint32_t FindKind(const v1::WorkerOffer& offer);
  bool IsAble(const ShapeState& shape, uint32_t kind) const;
  bool IsExcluded(const ShapeState& shape, Site site) const {
    return !shape.excluded.empty() && shape.excluded.contains(site);
  }
  uint32_t Count(const ShapeState& shape, const SiteState& site, const Amount& amount,
                 const std::vector<v1::Device>& devices) const;
  // Takes the site's room out of the counts, or puts it back in: around every change.
  void Withdraw(Site site);
  void Enter(Site site);
  // The same where only what is open of it changes.
  void WithdrawOpen(Site site);
  void EnterOpen(Site site);
  void CountAgain(ShapeState& shape);
  void ChooseExclusion(ShapeState& shape);
  void AddBestFits(const ShapeState& shape, const WorkerKind& kind, uint32_t ranks, size_t most,
                   std::vector<Site>& found) const;
  void AddLargest(const ShapeState& shape, uint32_t ranks, std::vector<Site>& found) const;
  Candidate Describe(const ShapeState& shape, Site site, bool own, const Taste& taste) const;

  std::vector<SiteState> sites_;
  absl::flat_hash_map<std::string, Site> site_by_id_;
  std::vector<WorkerKind> kinds_;
  absl::flat_hash_map<std::string, uint32_t> kind_by_key_;
  mutable std::vector<ShapeState> shapes_;
  absl::flat_hash_map<std::string, ShapeId> shape_by_key_;
  std::vector<ShapeId> unused_;   // to be used again for another shape
  std::vector<ShapeId> counted_;  // shapes whose counts are kept
  absl::flat_hash_map<std::string, absl::btree_set<Site>> by_artifact_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_ROOM_INDEX_H_
