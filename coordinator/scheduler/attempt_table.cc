#include "coordinator/scheduler/attempt_table.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace bonsai {
namespace {

// The first that is not before it.
size_t PlaceOf(const AttemptTable::Ranks& ranks, absl::string_view job_id, uint32_t rank) {
  const auto before = [&](const AttemptTable::RankOnWorker& on, const auto& id) {
    return std::tuple(absl::string_view(on.job_id), on.rank) < id;
  };
  return static_cast<size_t>(std::lower_bound(ranks.begin(), ranks.end(), std::tuple(job_id, rank), before) -
                             ranks.begin());
}

bool Is(const AttemptTable::RankOnWorker& on, absl::string_view job_id, uint32_t rank) {
  return on.rank == rank && on.job_id == job_id;
}

}  // namespace

LiveAttempt& AttemptTable::Add(const std::string& job_id, const v1::AttemptRecord& record) {
  LiveAttempt& attempt = attempts_.emplace(job_id, LiveAttempt(record)).first->second;
  for (const RankSlot& slot : attempt.slots()) {
    Ranks& ranks = by_worker_[slot.worker_id];
    const size_t place = PlaceOf(ranks, job_id, slot.rank);
    if (place < ranks.size() && Is(ranks[place], job_id, slot.rank)) continue;
    ranks.insert(ranks.begin() + static_cast<std::ptrdiff_t>(place),
                 {job_id, slot.rank, &attempt, attempt.Find(slot.rank)});
  }
  return attempt;
}

void AttemptTable::AddRecovered(const std::string& job_id, const v1::AttemptRecord& record,
                                absl::Time until) {
  LiveAttempt& attempt = Add(job_id, record);
  for (const v1::Placement& placement : record.placements()) {
    RankSlot* slot = attempt.Find(placement.rank());
    slot->state = RankSlot::kRecovered;
    slot->recovered_until = until;
  }
  recovered_until_ = recovered_.empty() ? until : std::min(recovered_until_, until);
  recovered_.insert(job_id);
}

void AttemptTable::NoteReported(const std::string& job_id) {
  const std::vector<RankSlot>& slots = attempts_.at(job_id).slots();
  const bool more = std::any_of(slots.begin(), slots.end(),
                                [](const RankSlot& slot) { return slot.state == RankSlot::kRecovered; });
  if (!more) recovered_.erase(job_id);
}

void AttemptTable::Remove(const std::string& job_id) {
  auto it = attempts_.find(job_id);
  if (it == attempts_.end()) return;
  for (const RankSlot& slot : it->second.slots()) {
    auto ranks = by_worker_.find(slot.worker_id);
    if (ranks == by_worker_.end()) continue;
    const size_t index = IndexOf(ranks->second, job_id, slot.rank, ranks->second.size());
    if (index == ranks->second.size()) continue;
    ranks->second.erase(ranks->second.begin() + static_cast<std::ptrdiff_t>(index));
    if (ranks->second.empty()) by_worker_.erase(ranks);
  }
  attempts_.erase(it);
  recovered_.erase(job_id);
}

LiveAttempt* AttemptTable::Find(const std::string& job_id) {
  auto it = attempts_.find(job_id);
  return it == attempts_.end() ? nullptr : &it->second;
}

const LiveAttempt* AttemptTable::Find(const std::string& job_id) const {
  auto it = attempts_.find(job_id);
  return it == attempts_.end() ? nullptr : &it->second;
}

const AttemptTable::Ranks& AttemptTable::OnWorker(const std::string& worker_id) const {
  static const Ranks* const kNone = new Ranks();
  auto it = by_worker_.find(worker_id);
  return it == by_worker_.end() ? *kNone : it->second;
}

size_t AttemptTable::IndexOf(const Ranks& ranks, absl::string_view job_id, uint32_t rank, size_t guess) {
  if (guess < ranks.size() && Is(ranks[guess], job_id, rank)) return guess;
  const size_t place = PlaceOf(ranks, job_id, rank);
  return place < ranks.size() && Is(ranks[place], job_id, rank) ? place : ranks.size();
}

std::vector<std::string> AttemptTable::LoseUnreported(absl::Time now) {
  std::vector<std::string> lost;
  if (now < NextRecoveryDeadline()) return lost;
  absl::Time next = absl::InfiniteFuture();
  for (const std::string& job_id : recovered_) {
    LiveAttempt& attempt = attempts_.at(job_id);
    for (const RankSlot& slot : attempt.slots()) {
      if (slot.state != RankSlot::kRecovered) continue;
      if (slot.recovered_until > now) {
        next = std::min(next, slot.recovered_until);
        continue;
      }
      attempt.Lose(*attempt.Find(slot.rank),
                   "not reported for a whole lease after the coordinator restarted");
      lost.push_back(job_id);
    }
  }
  recovered_until_ = next;
  lost.erase(std::unique(lost.begin(), lost.end()), lost.end());
  for (const std::string& job_id : lost) recovered_.erase(job_id);
  return lost;
}

absl::Time AttemptTable::NextRecoveryDeadline() const {
  return recovered_.empty() ? absl::InfiniteFuture() : recovered_until_;
}

}  // namespace bonsai
