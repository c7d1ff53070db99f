#include "coordinator/scheduler/job_history.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/bounded_text.h"

namespace bonsai {
namespace {

// Of a gang over more workers only the first are named.
constexpr size_t kWorkersNamedMax = 8;

}  // namespace

void JobHistory::Add(v1::JobRecord& job, absl::Time now, const Happening& happening) {
  job.set_history_size(job.history_size() + 1);
  v1::HistoryEntry& entry = new_.emplace_back();
  entry.set_job_id(job.id());
  entry.set_number(job.history_size());
  entry.set_unix_ms(absl::ToUnixMillis(now));
  entry.set_actor(happening.actor);
  entry.set_what(std::string(BoundedText(happening.what)));
  entry.set_why(std::string(BoundedText(happening.why)));
  entry.set_state(job.state());
}

std::vector<v1::HistoryEntry> JobHistory::TakeNew() { return std::exchange(new_, {}); }

std::string DescribePlacements(const v1::AttemptRecord& attempt) {
  std::string workers;
  size_t named = 0;
  size_t different = 0;
  const std::string* last = nullptr;
  for (const v1::Placement& placement : attempt.placements()) {
    // Ranks of one worker stand side by side.
    if (last != nullptr && *last == placement.worker_id()) continue;
    last = &placement.worker_id();
    ++different;
    if (named == kWorkersNamedMax) continue;
    absl::StrAppend(&workers, named == 0 ? "" : ", ", placement.worker_id());
    ++named;
  }
  if (different > named) absl::StrAppend(&workers, " and ", different - named, " more");
  if (attempt.placements_size() > 1) absl::StrAppend(&workers, " (", attempt.placements_size(), " ranks)");
  return workers;
}

}  // namespace bonsai
