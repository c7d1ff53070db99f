#include "coordinator/scheduler/scheduled_world.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace bonsai {

TestJob DataJob(const std::string& name, const std::string& rest) {
  return {absl::StrCat("name: \"", name, "\" data {} ", rest), {}};
}

ScheduledWorld::ScheduledWorld(SchedulerOptions options) : options_(std::move(options)) {
  scheduler_ = Scheduler::Create(options_, records_, now_);
}

void ScheduledWorld::Restart() { scheduler_ = Scheduler::Create(options_, records_, now_); }

void ScheduledWorld::PassDeadline() {
  const auto deadline = scheduler_->NextDeadline();
  ASSERT_TRUE(deadline.has_value());
  now_ = std::max(now_, *deadline);
  Apply(DeadlineReached{});
}

std::vector<Action> ScheduledWorld::Apply(const Event& event) {
  std::vector<Action> actions = scheduler_->Apply(now_, event);
  for (const Action& action : actions) {
    if (const auto* put = std::get_if<PutPipeline>(&action))
      records_.pipelines[put->record.id()] = put->record;
    if (const auto* put = std::get_if<PutJob>(&action)) records_.jobs[put->record.id()] = put->record;
    if (const auto* put = std::get_if<PutArtifact>(&action))
      records_.artifacts[put->record.id()] = put->record;
    if (const auto* put = std::get_if<PutSchedule>(&action))
      records_.schedules[put->record.name()] = put->record;
    if (const auto* drop = std::get_if<DropSchedule>(&action)) records_.schedules.erase(drop->name);
    if (const auto* put = std::get_if<PutCounters>(&action)) records_.counters = put->counters;
    if (const auto* put = std::get_if<PutWorker>(&action)) Keep(put->record);
    if (const auto* append = std::get_if<AppendHistory>(&action)) Keep(append->entry);
  }
  for (const Action& action : actions) {
    if (const auto* put = std::get_if<PutJob>(&action)) CheckHistory(put->record);
  }
  return actions;
}

void ScheduledWorld::Keep(const v1::WorkerRecord& record) {
  if (record.cordoned() || record.drained()) {
    records_.workers[record.id()] = record;
  } else {
    records_.workers.erase(record.id());
  }
}

void ScheduledWorld::Keep(const v1::HistoryEntry& entry) {
  std::vector<v1::HistoryEntry>& history = history_[entry.job_id()];
  EXPECT_EQ(entry.number(), history.size() + 1) << entry.ShortDebugString();
  EXPECT_FALSE(entry.what().empty() || entry.actor().empty()) << entry.ShortDebugString();
  EXPECT_TRUE(history.empty() || history.back().unix_ms() <= entry.unix_ms()) << entry.ShortDebugString();
  history.push_back(entry);
}

void ScheduledWorld::CheckHistory(const v1::JobRecord& job) {
  const std::vector<v1::HistoryEntry>& history = history_[job.id()];
  ASSERT_EQ(job.history_size(), history.size()) << job.id();
  ASSERT_FALSE(history.empty()) << job.id();
  EXPECT_EQ(history.back().state(), job.state()) << job.id() << " " << history.back().ShortDebugString();
}

std::vector<std::string> ScheduledWorld::Story(const std::string& job_id) const {
  std::vector<std::string> lines;
  const auto it = history_.find(job_id);
  if (it == history_.end()) return lines;
  for (const v1::HistoryEntry& entry : it->second) {
    lines.push_back(absl::StrCat(entry.actor(), ": ", entry.what(), entry.why().empty() ? "" : " (",
                                 entry.why(), entry.why().empty() ? "" : ")"));
  }
  return lines;
}

absl::Status ScheduledWorld::Refusal(const Event& event) {
  for (const Action& action : Apply(event)) {
    if (const auto* reject = std::get_if<Reject>(&action)) return reject->status;
  }
  return absl::OkStatus();
}

std::string ScheduledWorld::Submit(const std::vector<TestJob>& jobs, const std::string& request_id) {
  PipelineSubmitted event;
  event.actor = actor_;
  event.request_id = request_id.empty() ? absl::StrCat("request ", ++requests_) : request_id;
  for (const TestJob& job : jobs) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(job.spec, event.pipeline.add_jobs()))
        << job.spec;
    auto& inputs = event.inputs.emplace_back();
    for (const std::string& need : job.needs) {
      v1::ResolvedInput& input = inputs.emplace_back();
      input.set_field(absl::StrCat("field of ", need));
      input.set_job_id(need);
    }
  }
  for (const Action& action : Apply(event)) {
    if (const auto* reply = std::get_if<ReplySubmitted>(&action)) return reply->response.pipeline_id();
    if (const auto* reject = std::get_if<Reject>(&action)) ADD_FAILURE() << reject->status;
  }
  ADD_FAILURE() << "no reply to the submission";
  return "";
}

v1::CancelResponse ScheduledWorld::Cancel(const std::string& id) {
  for (const Action& action : Apply(CancelRequested{id, actor_})) {
    if (const auto* reply = std::get_if<ReplyCancelled>(&action)) return reply->response;
  }
  ADD_FAILURE() << "no reply to the cancellation of " << id;
  return {};
}

v1::PauseResponse ScheduledWorld::Pause(const std::string& pipeline_id, bool resume) {
  for (const Action& action : Apply(PauseRequested{pipeline_id, resume, actor_})) {
    if (const auto* reply = std::get_if<ReplyPaused>(&action)) return reply->response;
  }
  ADD_FAILURE() << "no reply to the pause of " << pipeline_id;
  return {};
}

v1::RetryResponse ScheduledWorld::Retry(const std::string& id) {
  for (const Action& action : Apply(RetryRequested{id, actor_})) {
    if (const auto* reply = std::get_if<ReplyRetried>(&action)) return reply->response;
    if (const auto* reject = std::get_if<Reject>(&action)) ADD_FAILURE() << reject->status;
  }
  ADD_FAILURE() << "no reply to the retry of " << id;
  return {};
}

v1::WorkerRecord ScheduledWorld::SetWorker(const std::string& worker_id, v1::SetWorkerRequest::Action what) {
  WorkerSet event{{}, actor_};
  event.request.set_worker_id(worker_id);
  event.request.set_action(what);
  event.request.set_reason("new disk");
  for (const Action& action : Apply(event)) {
    if (const auto* reply = std::get_if<ReplyWorkerSet>(&action)) return reply->response.worker();
    if (const auto* reject = std::get_if<Reject>(&action)) ADD_FAILURE() << reject->status;
  }
  ADD_FAILURE() << "no reply to the setting of " << worker_id;
  return {};
}

v1::WorkerOffer& ScheduledWorld::offer(const std::string& worker_id) {
  v1::WorkerOffer& offer = offers_[worker_id];
  if (offer.cpus() == 0) offer.set_cpus(1);
  if (offer.memory_bytes() == 0) offer.set_memory_bytes(uint64_t{64} << 30);
  if (offer.kinds().empty()) {
    for (const char* kind : {"data", "tokenizer", "pack", "pretrain", "sft", "evaluate", "export", "build",
                             "benchmark", "submission"}) {
      offer.add_kinds(kind);
    }
  }
  return offer;
}

v1::SynchronizeResponse ScheduledWorld::Sync(const std::string& worker_id,
                                             const std::vector<v1::RankReport>& ranks) {
  WorkerSynchronized event;
  event.request.set_worker_id(worker_id);
  event.request.set_session(sessions_.count(worker_id) > 0 ? sessions_[worker_id] : worker_id);
  event.request.set_sequence(++sequences_[worker_id]);
  event.request.set_leaving(leaving_[worker_id]);
  *event.request.mutable_offer() = offer(worker_id);
  for (const v1::RankReport& rank : ranks) {
    *event.request.add_ranks() = rank;
    for (const std::string& id : {rank.output_id(), rank.checkpoint().manifest_id()}) {
      if (auto it = artifacts_.find(id); it != artifacts_.end()) event.artifacts[id] = it->second;
    }
  }
  for (const Action& action : Apply(event)) {
    if (const auto* reply = std::get_if<ReplySynchronized>(&action)) return reply->response;
    if (const auto* reject = std::get_if<Reject>(&action)) ADD_FAILURE() << reject->status;
  }
  ADD_FAILURE() << "no reply to " << worker_id;
  return {};
}

std::string ScheduledWorld::MakeArtifact(const std::string& kind) {
  const std::string id = absl::StrCat(kind, "-", artifacts_.size() + 1);
  artifacts_[id].set_id(id);
  artifacts_[id].set_kind(kind);
  artifacts_[id].set_size_bytes(100);
  return id;
}

v1::RankReport Running(const std::string& job_id, uint32_t attempt, uint32_t rank) {
  v1::RankReport report;
  report.set_job_id(job_id);
  report.set_attempt(attempt);
  report.set_rank(rank);
  report.set_phase(v1::RankReport::RUNNING);
  return report;
}

v1::RankReport Exited(const std::string& job_id, uint32_t attempt, uint32_t rank, v1::RankReport::Exit exit,
                      const std::string& output_id, const std::string& message) {
  v1::RankReport report = Running(job_id, attempt, rank);
  report.set_phase(v1::RankReport::EXITED);
  report.set_exit(exit);
  report.set_output_id(output_id);
  report.set_message(message);
  return report;
}

std::string Names(const v1::SynchronizeResponse& response) {
  std::string names;
  for (const v1::Task& task : response.desired()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", task.job_id(), " attempt ", task.attempt(), " rank ",
                    task.rank());
  }
  return names;
}

}  // namespace bonsai
