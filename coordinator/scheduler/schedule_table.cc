#include "coordinator/scheduler/schedule_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/cron_expression.h"
#include "coordinator/scheduler/input_resolution.h"
#include "coordinator/scheduler/last_outputs.h"
#include "coordinator/scheduler/split_expansion.h"

namespace bonsai {
namespace {

constexpr size_t kNameBytesMax = 64;
// A time is late when its minute is over.
constexpr absl::Duration kOnTime = absl::Minutes(1);

bool IsScheduleName(const std::string& name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string Moment(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

absl::Status NoSuchSchedule(const std::string& name) {
  return absl::NotFoundError(absl::StrCat("there is no schedule \"", name, "\""));
}

}  // namespace

std::string ScheduleRequestPrefix(const std::string& schedule) {
  return absl::StrCat("schedule/", schedule, "/");
}

std::vector<absl::Time> DueTimes(const std::string& cron, absl::Time from, absl::Time now, size_t limit) {
  std::vector<absl::Time> times;
  const absl::StatusOr<CronExpression> expression = CronExpression::Parse(cron);
  if (!expression.ok() || from > now || limit == 0) return times;
  // Looks back twice as far each time, so that a year of minutes costs no year of steps.
  absl::Time start = now - absl::Minutes(static_cast<int64_t>(limit));
  while (true) {
    const bool whole = start < from;
    times.clear();
    if (whole) times.push_back(from);
    std::optional<absl::Time> next = expression->Next(whole ? from : start);
    for (; next && *next <= now; next = expression->Next(*next)) times.push_back(*next);
    if (whole || times.size() >= limit) break;
    start -= now - start;
  }
  if (times.size() > limit) times.erase(times.begin(), times.end() - static_cast<int64_t>(limit));
  return times;
}

ScheduleTable::ScheduleTable(const std::map<std::string, v1::ScheduleRecord>& records) {
  for (const auto& [name, record] : records) {
    schedules_[name] = record;
    Index(record);
  }
}

void ScheduleTable::Index(const v1::ScheduleRecord& record) {
  if (record.next_unix_ms() != 0) due_.insert({record.next_unix_ms(), record.name()});
}

absl::StatusOr<v1::ScheduleRecord> ScheduleTable::Put(absl::Time now, const SchedulePut& event) {
  const std::string& name = event.schedule.name();
  if (!IsScheduleName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("schedule.name: \"", name.substr(0, kNameBytesMax),
                     "\" is no name: must have 1 to 64 of the characters a-z, 0-9, '_' and '-'"));
  }
  const absl::StatusOr<CronExpression> cron = CronExpression::Parse(event.schedule.cron());
  if (!cron.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("schedule.", cron.status().message()));
  }
  auto found = schedules_.find(name);
  if (found != schedules_.end() && found->second.tenant() != event.actor.tenant) {
    return absl::AlreadyExistsError(
        absl::StrCat("schedule.name: \"", name, "\" is taken by another tenant; choose another"));
  }
  if (found == schedules_.end() && schedules_.size() >= kSchedulesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", kSchedulesMax, " schedules already; remove one first"));
  }
  v1::ScheduleRecord record = event.schedule;
  record.set_tenant(event.actor.tenant);
  record.set_actor(event.actor.name);
  record.clear_last_pipeline_id();
  record.clear_last_problem();
  if (found != schedules_.end()) {
    record.set_last_pipeline_id(found->second.last_pipeline_id());
    due_.erase({found->second.next_unix_ms(), name});
    blocked_.erase(name);
  }
  const std::optional<absl::Time> next = cron->Next(now);
  record.set_next_unix_ms(next ? absl::ToUnixMillis(*next) : 0);
  schedules_[name] = record;
  Index(record);
  changed_.insert(name);
  dropped_.erase(name);
  return record;
}

absl::Status ScheduleTable::Drop(const ScheduleDeleted& event) {
  auto found = schedules_.find(event.name);
  if (found == schedules_.end()) return NoSuchSchedule(event.name);
  if (!event.actor.admin && found->second.tenant() != event.actor.tenant) return NoSuchSchedule(event.name);
  due_.erase({found->second.next_unix_ms(), event.name});
  blocked_.erase(event.name);
  changed_.erase(event.name);
  dropped_.insert(event.name);
  schedules_.erase(found);
  return absl::OkStatus();
}

void ScheduleTable::Run(absl::Time now, const ScheduleHost& host) {
  std::vector<std::string> names;
  for (const auto& [next, name] : due_) {
    if (absl::FromUnixMillis(next) > now) break;
    names.push_back(name);
  }
  for (const std::string& name : blocked_) {
    if (host.ended(schedules_.at(name).last_pipeline_id())) names.push_back(name);
  }
  for (const std::string& name : names) {
    v1::ScheduleRecord& record = schedules_.at(name);
    due_.erase({record.next_unix_ms(), name});
    blocked_.erase(name);
    RunOne(now, host, record);
  }
}

void ScheduleTable::RunOne(absl::Time now, const ScheduleHost& host, v1::ScheduleRecord& record) {
  const bool all = record.catch_up() == v1::ScheduleRecord::ALL;
  const std::vector<absl::Time> due =
      DueTimes(record.cron(), absl::FromUnixMillis(record.next_unix_ms()), now, all ? kCatchUpMax : 1);
  changed_.insert(record.name());
  for (absl::Time time : due) {
    if (!record.overlap() && !record.last_pipeline_id().empty() && !host.ended(record.last_pipeline_id())) {
      record.set_last_problem(
          absl::StrCat(Moment(time), " waits: ", record.last_pipeline_id(), " has not ended"));
      record.set_next_unix_ms(absl::ToUnixMillis(time));
      blocked_.insert(record.name());
      return;
    }
    if (record.catch_up() == v1::ScheduleRecord::SKIP && now - time >= kOnTime) {
      record.set_last_problem(absl::StrCat(Moment(time), " was skipped: it was late"));
      continue;
    }
    record.set_last_problem(Submit(time, host, record));
  }
  const absl::StatusOr<CronExpression> cron = CronExpression::Parse(record.cron());
  const std::optional<absl::Time> next = cron.ok() ? cron->Next(now) : std::nullopt;
  if (!cron.ok()) record.set_last_problem(std::string(cron.status().message()));
  record.set_next_unix_ms(next ? absl::ToUnixMillis(*next) : 0);
  Index(record);
}

std::string ScheduleTable::Submit(absl::Time due, const ScheduleHost& host, v1::ScheduleRecord& record) {
  const std::string problem = absl::StrCat(Moment(due), " submitted nothing: ");
  absl::StatusOr<v1::Pipeline> pipeline = ExpandPipeline(record.pipeline());
  if (!pipeline.ok()) return absl::StrCat(problem, pipeline.status().message());
  FillLastOutputs([&](const std::string& job) { return host.last_output(record, job); }, *pipeline);
  PipelineSubmitted event;
  event.request_id = absl::StrCat(ScheduleRequestPrefix(record.name()), absl::ToUnixSeconds(due));
  event.inputs = ResolveInputs(*pipeline);
  event.pipeline = *std::move(pipeline);
  event.actor = {absl::StrCat("schedule ", record.name()), record.tenant(), false};
  for (const auto& inputs : event.inputs) {
    for (const v1::ResolvedInput& input : inputs) {
      if (!input.artifact_id().empty() && !host.has_artifact(input.artifact_id()))
        return absl::StrCat(problem, input.field(), ": artifact ", input.artifact_id(),
                            " is not there any more");
    }
  }
  const absl::StatusOr<std::string> submitted = host.submit(event);
  if (!submitted.ok()) return absl::StrCat(problem, submitted.status().message());
  record.set_last_pipeline_id(*submitted);
  return "";
}

absl::Time ScheduleTable::NextDue() const {
  return due_.empty() ? absl::InfiniteFuture() : absl::FromUnixMillis(due_.begin()->first);
}

std::vector<v1::ScheduleRecord> ScheduleTable::List() const {
  std::vector<v1::ScheduleRecord> records;
  for (const auto& [name, record] : schedules_) records.push_back(record);
  return records;
}

std::vector<v1::ScheduleRecord> ScheduleTable::TakeChanged() {
  std::vector<v1::ScheduleRecord> records;
  for (const std::string& name : std::exchange(changed_, {})) records.push_back(schedules_.at(name));
  return records;
}

std::vector<std::string> ScheduleTable::TakeDropped() {
  const absl::btree_set<std::string> names = std::exchange(dropped_, {});
  return {names.begin(), names.end()};
}

}  // namespace bonsai
