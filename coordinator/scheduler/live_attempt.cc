#include "coordinator/scheduler/live_attempt.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/bounded_text.h"

namespace bonsai {
namespace {

using Outcome = v1::AttemptRecord::Outcome;

Outcome CauseOf(v1::RankReport::Exit exit) {
  if (exit == v1::RankReport::BAD_INPUT) return v1::AttemptRecord::BAD_INPUT;
  if (exit == v1::RankReport::PREEMPTED) return v1::AttemptRecord::PREEMPTED;
  if (exit == v1::RankReport::WORKER_FAILED) return v1::AttemptRecord::LOST;
  return v1::AttemptRecord::FAILED;
}

// Whether a cause that shows later says more than the first one. A rank whose peer vanished fails too, and
// often before the peer's lease has ended: the job must not be blamed for it. A bad input is bad whatever
// came first.
bool Outranks(Outcome later, Outcome first) {
  if (first == v1::AttemptRecord::CANCELLED) return false;
  if (later == v1::AttemptRecord::CANCELLED) return true;
  if (later == v1::AttemptRecord::BAD_INPUT) return first != v1::AttemptRecord::BAD_INPUT;
  return later == v1::AttemptRecord::LOST && first == v1::AttemptRecord::FAILED;
}

}  // namespace

LiveAttempt::LiveAttempt(const v1::AttemptRecord& record) : number_(record.number()) {
  for (const v1::Placement& placement : record.placements()) {
    RankSlot& slot = slots_.emplace_back();
    slot.rank = placement.rank();
    slot.worker_id = placement.worker_id();
    slot.device_id = placement.device_id();
  }
}

RankSlot* LiveAttempt::Find(uint32_t rank) {
  if (rank < slots_.size() && slots_[rank].rank == rank) return &slots_[rank];
  auto it =
      std::find_if(slots_.begin(), slots_.end(), [&](const RankSlot& slot) { return slot.rank == rank; });
  return it == slots_.end() ? nullptr : &*it;
}

const RankSlot* LiveAttempt::Find(uint32_t rank) const { return const_cast<LiveAttempt*>(this)->Find(rank); }

void LiveAttempt::End(Outcome cause, std::string reason) {
  if (cause_ && !Outranks(cause, *cause_)) return;
  cause_ = cause;
  reason_ = std::move(reason);
}

void LiveAttempt::Exit(RankSlot& slot, v1::RankReport::Exit exit, absl::string_view message) {
  slot.state = RankSlot::kExited;
  slot.done = exit == v1::RankReport::DONE;
  if (slot.done) return;
  slot.to_blame = !ending() && exit != v1::RankReport::PREEMPTED;
  absl::string_view what =
      message.empty() ? absl::string_view("its runner exited without a message") : BoundedText(message);
  End(CauseOf(exit), absl::StrCat("rank ", slot.rank, " on ", slot.worker_id, ": ", what));
}

void LiveAttempt::Lose(RankSlot& slot, absl::string_view why) {
  slot.state = RankSlot::kGone;
  slot.to_blame = true;
  End(v1::AttemptRecord::LOST, absl::StrCat("rank ", slot.rank, " on ", slot.worker_id, ": ", why));
}

void LiveAttempt::Stop(Outcome cause, std::string why) { End(cause, std::move(why)); }

std::vector<std::string> LiveAttempt::WorkersToAvoid() const {
  const Outcome how = outcome();
  const bool all = how == v1::AttemptRecord::HUNG;
  if (!all && how != v1::AttemptRecord::FAILED && how != v1::AttemptRecord::LOST) return {};
  std::vector<std::string> workers;
  for (const RankSlot& slot : slots_) {
    // A rank that failed because its peer was lost says nothing about its own worker.
    const bool blamed = slot.to_blame && (how == v1::AttemptRecord::FAILED || slot.state == RankSlot::kGone);
    if (!all && !blamed) continue;
    if (workers.empty() || workers.back() != slot.worker_id) workers.push_back(slot.worker_id);
  }
  return workers;
}

bool LiveAttempt::over() const {
  return std::none_of(slots_.begin(), slots_.end(),
                      [](const RankSlot& slot) { return slot.holds_resources(); });
}

bool LiveAttempt::done() const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const RankSlot& slot) { return slot.state == RankSlot::kExited && slot.done; });
}

Outcome LiveAttempt::outcome() const {
  if (!cause_) return v1::AttemptRecord::SUCCEEDED;
  // What was asked to leave may have come to its end first.
  return *cause_ != v1::AttemptRecord::CANCELLED && done() ? v1::AttemptRecord::SUCCEEDED : *cause_;
}

}  // namespace bonsai
