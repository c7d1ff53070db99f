#include "coordinator/scheduler/meeting.h"

#include <string>

namespace bonsai {
namespace {

const v1::WorkerOffer* OfferOf(const WorkerTable& workers, const std::string& id) {
  auto found = workers.all().find(id);
  return found == workers.all().end() ? nullptr : &found->second.offer;
}

}  // namespace

void SetMeetingPlaces(const AttemptTable& attempts, const WorkerTable& workers,
                      std::vector<v1::Task>& tasks) {
  for (v1::Task& task : tasks) {
    if (task.ranks() <= 1) continue;
    const LiveAttempt* attempt = attempts.Find(task.job_id());
    if (attempt == nullptr || attempt->Find(0) == nullptr) continue;
    const std::string& host = attempt->Find(0)->worker_id;
    bool apart = false, by_folder = true;
    for (uint32_t rank = 0; rank < task.ranks(); ++rank) {
      const RankSlot* slot = attempt->Find(rank);
      if (slot == nullptr) continue;
      const v1::WorkerOffer* offer = OfferOf(workers, slot->worker_id);
      apart = apart || slot->worker_id != host;
      by_folder = by_folder && (offer == nullptr || offer->shares_storage());
    }
    if (!apart || by_folder) continue;
    const v1::WorkerOffer* offer = OfferOf(workers, host);
    const bool offers = offer != nullptr && !offer->rendezvous_address().empty();
    task.set_rendezvous_address(offers ? offer->rendezvous_address() : kNoMeetingPlace);
  }
}

}  // namespace bonsai
