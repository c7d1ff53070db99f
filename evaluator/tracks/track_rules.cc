#include "evaluator/tracks/track_rules.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "evaluator/tracks/ranking_metric.h"
#include "evaluator/tracks/task_scores.h"

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

v1::RuleResult CheckSourceDays(const v1::Track& track, const std::vector<v1::DatasetSource>& sources) {
  if (track.latest_source_day().empty()) return Result("source_days", true, "any day allowed");
  const std::vector<std::string> late = LateSources(track, sources);
  if (late.empty()) {
    return Result("source_days", true,
                  absl::StrCat("nothing was published after ", track.latest_source_day()));
  }
  return Result("source_days", false,
                absl::StrCat(absl::StrJoin(late, ", "), "; allowed: until ", track.latest_source_day()));
}

v1::RuleResult CheckModelBytes(const v1::Track& track, uint64_t bytes) {
  if (track.max_model_bytes() == 0) return Result("model_bytes", true, absl::StrCat(bytes, "; no limit"));
  return Result("model_bytes", bytes <= track.max_model_bytes(),
                absl::StrCat(bytes, " bytes of weights; at most ", track.max_model_bytes()));
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
    // An emulator's memory is not the device's.
    if (!report.has_peak_memory_bytes() || report.emulated()) continue;
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

// The reports, in the form that metrics are looked up in.
struct Reports {
  explicit Reports(const SubmissionFacts& facts)
      : suites(facts.suites.begin(), facts.suites.end()),
        benchmarks(facts.benchmarks.begin(), facts.benchmarks.end()) {}

  std::optional<double> Find(absl::string_view metric) const {
    return FindRankingValue(metric, suites, benchmarks);
  }

  SuiteResults suites;
  BenchmarkReports benchmarks;
};

v1::RuleResult CheckRequiredMetrics(const v1::Track& track, const Reports& reports) {
  std::vector<std::string> missing;
  for (const std::string& metric : track.required_metrics()) {
    if (!reports.Find(metric).has_value()) missing.push_back(metric);
  }
  if (track.required_metrics().empty()) return Result("required_metrics", true, "none");
  if (missing.empty()) {
    return Result("required_metrics", true,
                  absl::StrCat("measured: ", absl::StrJoin(track.required_metrics(), ", ")));
  }
  return Result("required_metrics", false,
                absl::StrCat("no report of this submission measured ", absl::StrJoin(missing, ", ")));
}

v1::RuleResult CheckRankingMetric(const v1::Track& track, const Reports& reports) {
  const std::string& metric = track.ranking_metric();
  if (metric == kPoints || metric == kGeometricMean) {
    const int measured = CountMeasuredTasks(track, reports.suites, reports.benchmarks);
    return Result("ranking_metric", measured > 0,
                  absl::StrCat(metric, ": of ", track.tasks_size(), " tasks ", measured, " were measured"));
  }
  const std::optional<double> value = reports.Find(metric);
  if (!value.has_value()) {
    return Result("ranking_metric", false, absl::StrCat("no report of this submission measured ", metric));
  }
  return Result("ranking_metric", true, absl::StrCat(metric, " = ", *value));
}

v1::RuleResult CheckDegenerate(const v1::Track& track, const std::vector<v1::SuiteResult>& suites) {
  std::vector<std::string> found;
  for (const v1::SuiteResult& suite : suites) {
    if (!suite.degenerate().empty()) found.push_back(absl::StrCat(suite.suite(), ": ", suite.degenerate()));
  }
  if (found.empty()) return Result("degenerate", true, "no suite's answers are degenerate");
  const std::string all = absl::StrJoin(found, "; ");
  if (!track.refuse_degenerate()) return Result("degenerate", true, absl::StrCat("only flagged: ", all));
  return Result("degenerate", false, absl::StrCat("the answers are no model's: ", all));
}

v1::RuleResult CheckBudget(const v1::Track& track, const SubmissionFacts& facts) {
  if (track.budget_seconds() == 0) return Result("budget", true, "no limit");
  const std::string limit = absl::StrCat(
      "at most ", track.budget_seconds(), " s of ",
      track.budget_kinds().empty() ? "all jobs"
                                   : absl::StrCat(absl::StrJoin(track.budget_kinds(), ", "), " jobs"));
  if (!facts.job_times_unknown.empty()) {
    return Result("budget", false, absl::StrCat(facts.job_times_unknown, "; ", limit));
  }
  if (!facts.job_times.has_value()) {
    return Result("budget", true, absl::StrCat(limit, "; the coordinator counts them when it takes the row"));
  }
  double seconds = 0;
  std::vector<std::string> jobs;
  for (const JobTime& job : *facts.job_times) {
    if (!track.budget_kinds().empty() && !Contains(track.budget_kinds(), job.kind)) continue;
    seconds += job.seconds;
    jobs.push_back(absl::StrCat(job.job_id, " ", std::ceil(job.seconds), " s"));
  }
  return Result("budget", seconds <= track.budget_seconds(),
                absl::StrCat(std::ceil(seconds), " s (", ListOrNone(jobs), "); ", limit));
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

bool IsDay(absl::string_view text) {
  absl::CivilDay day;
  return absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text;
}

std::vector<std::string> LateSources(const v1::Track& track, const std::vector<v1::DatasetSource>& sources) {
  std::vector<std::string> late;
  for (const v1::DatasetSource& source : sources) {
    std::string why;
    if (!IsDay(source.published())) {
      why = absl::StrCat(source.dataset(), " says no day on which it was published (data.sources.published)");
    } else if (source.published() > track.latest_source_day()) {  // days sort as text
      why = absl::StrCat(source.dataset(), " was published on ", source.published());
    }
    if (!why.empty() && !Contains(late, why)) late.push_back(std::move(why));
  }
  return late;
}

std::vector<v1::RuleResult> CheckTrack(const v1::Track& track, const SubmissionFacts& facts) {
  const Reports reports(facts);
  return {CheckDatasets(track, facts.datasets),     CheckSourceDays(track, facts.sources),
          CheckParameters(track, facts.parameters), CheckModelBytes(track, facts.model_bytes),
          CheckDtypes(track, facts.dtypes),         CheckPeakMemory(track, facts.benchmarks),
          CheckRequiredMetrics(track, reports),     CheckRankingMetric(track, reports),
          CheckDegenerate(track, facts.suites),     CheckBudget(track, facts)};
}

}  // namespace bonsai
