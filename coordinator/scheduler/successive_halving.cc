#include "coordinator/scheduler/successive_halving.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

bool HasRank(const RungResult& result) { return result.done && result.metric && !std::isnan(*result.metric); }

std::string Reason(const v1::Sweep& sweep, uint32_t rung, const RungPlace& place, const RungResult& result,
                   size_t ranked, uint32_t go_on) {
  const bool last = static_cast<int>(rung) + 1 >= sweep.rung_steps_size();
  if (!result.done) return "";
  std::string reason = place.rank == 0 ? absl::StrCat("reported no ", sweep.metric())
                                       : absl::StrFormat("rank %d of %d by %s (%.6g)", place.rank, ranked,
                                                         sweep.metric(), *result.metric);
  if (!sweep.rung_steps().empty()) {
    absl::StrAppend(&reason, " at ", sweep.step_field(), " ", sweep.rung_steps(static_cast<int>(rung)));
  }
  if (last) return absl::StrCat(reason, place.goes_on ? ": the sweep's result" : "");
  return absl::StrCat(
      reason, place.goes_on ? ": goes on to " : ": ends here; the best ",
      place.goes_on ? absl::StrCat(sweep.step_field(), " ", sweep.rung_steps(static_cast<int>(rung) + 1))
                    : absl::StrCat(go_on, " go on"));
}

}  // namespace

std::vector<RungPlace> RankRung(const v1::Sweep& sweep, uint32_t rung, uint32_t go_on,
                                std::vector<RungResult> results) {
  const double sign = sweep.higher_is_better() ? -1 : 1;
  std::sort(results.begin(), results.end(), [sign](const RungResult& a, const RungResult& b) {
    if (HasRank(a) != HasRank(b)) return HasRank(a);
    if (HasRank(a) && *a.metric != *b.metric) return sign * *a.metric < sign * *b.metric;
    return a.variant < b.variant;
  });
  const size_t ranked = static_cast<size_t>(std::count_if(results.begin(), results.end(), HasRank));
  std::vector<RungPlace> places;
  for (const RungResult& result : results) {
    RungPlace& place = places.emplace_back();
    place.variant = result.variant;
    if (HasRank(result)) place.rank = static_cast<uint32_t>(places.size());
    place.goes_on = place.rank > 0 && place.rank <= go_on;
    place.reason = Reason(sweep, rung, place, result, ranked, go_on);
  }
  return places;
}

std::optional<double> FindMetric(const v1::JobRecord& job, const std::string& name) {
  for (const v1::Metric& metric : job.result()) {
    if (metric.name() == name) return metric.value();
  }
  return std::nullopt;
}

}  // namespace bonsai
