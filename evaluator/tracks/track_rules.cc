#include "evaluator/tracks/track_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/tracks/ranking_metric.h"

namespace bonsai {
namespace {

template <typename Names>
bool Contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

v1::RuleResult Result(absl::string_view rule, bool passed, std::string why) {
  v1::RuleResult result;
  result.set_rule(std::string(rule));
  result.set_passed(passed);
  result.set_why(std::move(why));
  return result;
}

std::string ListOrNone(const std::vector<std::string>& names) {
  return names.empty() ? "none" : absl::StrJoin(names, ", ");
}

v1::RuleResult CheckDatasets(const v1::Track& track, const std::vector<std::string>& datasets) {
  if (track.allowed_datasets().empty()) {
    return Result("datasets", true, absl::StrCat("any allowed; used: ", ListOrNone(datasets)));
  }
  // A model without sources came from where the rules cannot see.
  if (datasets.empty()) return Result("datasets", false, "the model's lineage names no data set");
  const std::vector<std::string> forbidden = ForbiddenDatasets(track, datasets);
  const std::string allowed = absl::StrJoin(track.allowed_datasets(), ", ");
  if (forbidden.empty()) {
    return Result("datasets", true, absl::StrCat("used: ", ListOrNone(datasets), "; allowed: ", allowed));
  }
  return Result(
      "datasets", false,
      absl::StrCat("the model's lineage holds ", absl::StrJoin(forbidden, ", "), "; allowed: ", allowed));
}

v1::RuleResult CheckParameters(const v1::Track& track, uint64_t parameters) {
  if (track.max_parameters() == 0) return Result("parameters", true, absl::StrCat(parameters, "; no limit"));
  return Result("parameters", parameters <= track.max_parameters(),
                absl::StrCat(parameters, "; at most ", track.max_parameters()));
}

v1::RuleResult CheckDtypes(const v1::Track& track, const std::vector<std::string>& dtypes) {
  if (track.allowed_dtypes().empty()) {
    return Result("dtypes", true, absl::StrCat("any allowed; used: ", ListOrNone(dtypes)));
  }
  std::vector<std::string> forbidden;
  for (const std::string& dtype : dtypes) {
    if (!Contains(track.allowed_dtypes(), dtype)) forbidden.push_back(dtype);
  }
  const std::string allowed = absl::StrJoin(track.allowed_dtypes(), ", ");
  if (dtypes.empty())
    return Result("dtypes", false, absl::StrCat("the model has no tensors; allowed: ", allowed));
  if (forbidden.empty()) {
    return Result("dtypes", true, absl::StrCat("used: ", ListOrNone(dtypes), "; allowed: ", allowed));
  }
  return Result("dtypes", false,
                absl::StrCat("the weights hold ", absl::StrJoin(forbidden, ", "), "; allowed: ", allowed));
}

v1::RuleResult CheckPeakMemory(const v1::Track& track, const std::vector<v1::BenchmarkReport>& benchmarks) {
  const v1::BenchmarkReport* largest = nullptr;
  for (const v1::BenchmarkReport& report : benchmarks) {
    if (!report.has_peak_memory_bytes()) continue;
    if (largest == nullptr || report.peak_memory_bytes() > largest->peak_memory_bytes()) largest = &report;
  }
  const uint64_t limit = track.max_peak_memory_bytes();
  if (largest == nullptr) {
    if (limit == 0) return Result("peak_memory", true, "not measured; no limit");
    return Result("peak_memory", false,
                  absl::StrCat("no benchmark measured it; at most ", limit,
                               " bytes: add a benchmark on a device that measures memory"));
  }
  const std::string measured = absl::StrCat(largest->peak_memory_bytes(), " bytes on ", largest->target());
  if (limit == 0) return Result("peak_memory", true, absl::StrCat(measured, "; no limit"));
  return Result("peak_memory", largest->peak_memory_bytes() <= limit,
                absl::StrCat(measured, "; at most ", limit, " bytes"));
}

v1::RuleResult CheckRankingMetric(const v1::Track& track, const SubmissionFacts& facts) {
  const SuiteResults suites(facts.suites.begin(), facts.suites.end());
  const BenchmarkReports benchmarks(facts.benchmarks.begin(), facts.benchmarks.end());
  const std::optional<double> value = FindRankingValue(track.ranking_metric(), suites, benchmarks);
  if (!value.has_value()) {
    return Result("ranking_metric", false,
                  absl::StrCat("no report of this submission measured ", track.ranking_metric()));
  }
  return Result("ranking_metric", true, absl::StrCat(track.ranking_metric(), " = ", *value));
}

}  // namespace

const v1::Track* FindTrack(const std::vector<v1::Track>& tracks, absl::string_view name) {
  for (const v1::Track& track : tracks) {
    if (track.name() == name) return &track;
  }
  return nullptr;
}

std::vector<std::string> ForbiddenDatasets(const v1::Track& track, const std::vector<std::string>& datasets) {
  std::vector<std::string> forbidden;
  if (track.allowed_datasets().empty()) return forbidden;
  for (const std::string& dataset : datasets) {
    if (!Contains(track.allowed_datasets(), dataset) && !Contains(forbidden, dataset)) {
      forbidden.push_back(dataset);
    }
  }
  return forbidden;
}

std::vector<v1::RuleResult> CheckTrack(const v1::Track& track, const SubmissionFacts& facts) {
  return {CheckDatasets(track, facts.datasets), CheckParameters(track, facts.parameters),
          CheckDtypes(track, facts.dtypes), CheckPeakMemory(track, facts.benchmarks),
          CheckRankingMetric(track, facts)};
}

}  // namespace bonsai
