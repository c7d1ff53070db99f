#include "coordinator/simulate/simulation_check.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {
namespace {

constexpr uint64_t kWorkersMax = 20000;
constexpr double kJobsMax = 2e6;
constexpr int kStreamsMax = 1000;
constexpr double kHoursMax = 24 * 366;
constexpr double kSecondsMax = 366.0 * 24 * 3600;

absl::Status Invalid(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::Status CheckRange(absl::string_view field, double value, double min, double max) {
  if (std::isfinite(value) && value >= min && value <= max) return absl::OkStatus();
  return Invalid(field, absl::StrCat(value, " is not from ", min, " to ", max));
}

absl::Status CheckDuration(const std::string& field, const v1::DurationDistribution& duration) {
  switch (duration.distribution_case()) {
    case v1::DurationDistribution::kFixedSeconds:
      return CheckRange(field + ".fixed_seconds", duration.fixed_seconds(), 0, kSecondsMax);
    case v1::DurationDistribution::kExponentialMeanSeconds:
      return CheckRange(field + ".exponential_mean_seconds", duration.exponential_mean_seconds(), 0,
                        kSecondsMax);
    case v1::DurationDistribution::kUniform: {
      const auto& uniform = duration.uniform();
      if (absl::Status status =
              CheckRange(field + ".uniform.min_seconds", uniform.min_seconds(), 0, kSecondsMax);
          !status.ok()) {
        return status;
      }
      return CheckRange(field + ".uniform.max_seconds", uniform.max_seconds(), uniform.min_seconds(),
                        kSecondsMax);
    }
    case v1::DurationDistribution::kLogNormal:
      if (absl::Status status = CheckRange(field + ".log_normal.sigma", duration.log_normal().sigma(), 0, 10);
          !status.ok()) {
        return status;
      }
      return CheckRange(field + ".log_normal.median_seconds", duration.log_normal().median_seconds(), 0,
                        kSecondsMax);
    default:
      return Invalid(field,
                     "is not set; one of fixed_seconds, exponential_mean_seconds, uniform, log_normal");
  }
}

absl::Status CheckJob(const std::string& field, const v1::JobStream& job) {
  if (job.name().empty()) return Invalid(field + ".name", "is empty");
  if (!job.kind().empty() && OutputKind(job.kind()).empty()) {
    return Invalid(field + ".kind", absl::StrCat("\"", job.kind(), "\" is no job kind; \"data\" is one"));
  }
  if (absl::Status status = CheckRange(field + ".priority", job.priority(), -1000, 1000); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckRange(field + ".leave_seconds", job.leave_seconds(), 0, 3600);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckRange(field + ".resources.ranks", job.resources().ranks(), 0, 10000);
      !status.ok()) {
    return status;
  }
  return CheckDuration(field + ".duration", job.duration());
}

absl::Status CheckStream(const std::string& field, const v1::JobStream& stream, double hours) {
  if (absl::Status status = CheckJob(field, stream); !status.ok()) return status;
  if (absl::Status status = CheckRange(field + ".from_hour", stream.from_hour(), 0, hours); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckRange(field + ".until_hour", stream.until_hour(), 0, hours); !status.ok()) {
    return status;
  }
  return CheckRange(field + ".jobs_per_hour", stream.jobs_per_hour(), 0, kJobsMax);
}

absl::Status CheckWorkers(const v1::Simulation& simulation) {
  uint64_t workers = 0;
  std::set<std::string> names;
  for (int i = 0; i < simulation.workers_size(); ++i) {
    const v1::WorkerGroup& group = simulation.workers(i);
    const std::string field = absl::StrCat("workers[", i, "]");
    if (group.name().empty()) return Invalid(field + ".name", "is empty");
    if (!names.insert(group.name()).second) {
      return Invalid(field + ".name", absl::StrCat("\"", group.name(), "\" is there twice"));
    }
    if (group.cpus() == 0) return Invalid(field + ".cpus", "is 0; at least 1");
    workers += group.count() == 0 ? 1 : group.count();
  }
  if (workers == 0) return Invalid("workers", "there are none");
  if (workers > kWorkersMax) return Invalid("workers", absl::StrCat(workers, "; at most ", kWorkersMax));
  return absl::OkStatus();
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text.empty()) text = absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message);
  }
  std::string text;
};

}  // namespace

absl::StatusOr<v1::Simulation> ParseSimulation(absl::string_view text) {
  v1::Simulation simulation;
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(std::string(text), &simulation)) {
    return absl::InvalidArgumentError(error.text.empty() ? "it is not in text format" : error.text);
  }
  if (absl::Status status = CheckSimulation(simulation); !status.ok()) return status;
  return simulation;
}

absl::Status CheckSimulation(const v1::Simulation& simulation) {
  if (absl::Status status = CheckWorkers(simulation); !status.ok()) return status;
  for (const auto& [field, value] : {std::pair<const char*, double>{"hours", simulation.hours()},
                                     {"drain_hours", simulation.drain_hours()},
                                     {"usage_half_life_hours", simulation.usage_half_life_hours()}}) {
    if (absl::Status status = CheckRange(field, value, 0, kHoursMax); !status.ok()) return status;
  }
  if (absl::Status status = CheckRange("preempt_after_seconds", simulation.preempt_after_seconds(), 0, 3600);
      !status.ok()) {
    return status;
  }
  const double hours = simulation.hours() == 0 ? 24 : simulation.hours();
  if (simulation.streams_size() > kStreamsMax) {
    return Invalid("streams", absl::StrCat(simulation.streams_size(), "; at most ", kStreamsMax));
  }
  double jobs = simulation.jobs_size();
  for (int i = 0; i < simulation.streams_size(); ++i) {
    const v1::JobStream& stream = simulation.streams(i);
    const std::string field = absl::StrCat("streams[", i, "]");
    if (absl::Status status = CheckStream(field, stream, hours); !status.ok()) return status;
    jobs += stream.jobs_per_hour() * hours;
  }
  for (int i = 0; i < simulation.jobs_size(); ++i) {
    const v1::SimulatedJob& job = simulation.jobs(i);
    const std::string field = absl::StrCat("jobs[", i, "]");
    if (absl::Status status = CheckJob(field + ".job", job.job()); !status.ok()) return status;
    if (absl::Status status = CheckRange(field + ".submit_hour", job.submit_hour(), 0, hours); !status.ok()) {
      return status;
    }
  }
  if (jobs > kJobsMax) return Invalid("streams", absl::StrCat("about ", jobs, " jobs; at most ", kJobsMax));
  if (simulation.streams_size() + simulation.jobs_size() == 0)
    return Invalid("streams", "and jobs: there are none");
  return absl::OkStatus();
}

}  // namespace bonsai
