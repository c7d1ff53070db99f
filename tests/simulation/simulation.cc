#include "tests/simulation/simulation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(100);
constexpr absl::Duration kFaultTime = absl::Seconds(90);
constexpr absl::Duration kTimeToEnd = absl::Minutes(30);
constexpr absl::Duration kLease = absl::Seconds(5);

SchedulerOptions Options() {
  SchedulerOptions options;
  options.lease = kLease;
  options.lost_attempts_max = 100;
  options.default_max_attempts = 10;
  options.backoff_max = absl::Seconds(20);
  options.default_grace = absl::Seconds(5);
  return options;
}

// What an operator may have changed in the configuration file between two starts.
SchedulerOptions DrawOptions(Random& random) {
  SchedulerOptions options = Options();
  options.storage.set_checkpoints_latest(static_cast<uint32_t>(random.Between(1, 5)));
  options.preempt_after = absl::Milliseconds(random.Between(0, 5000));
  options.excluded_workers_max = static_cast<uint32_t>(random.Below(3));
  options.synchronize_interval = absl::Milliseconds(random.Between(100, 1200));
  return options;
}

}  // namespace

Simulation::Simulation(uint64_t seed)
    : random_(seed),
      plan_(FaultPlan::Draw(random_)),
      now_(absl::FromUnixSeconds(1'700'000'000)),
      faults_end_(now_ + kFaultTime),
      invariants_(ledger_),
      coordinator_(Options(), clock_.Read(now_)),
      client_(random_),
      operator_(random_) {
  const uint32_t cpus[] = {2, 1, 4};
  for (size_t i = 0; i < 3; ++i) {
    workers_.push_back(std::make_unique<SimulatedWorker>(absl::StrCat("w", i + 1), cpus[i], i != 1,
                                                         plan_.blob_damage, ledger_, random_));
  }
}

SimulationResult Simulation::Run() {
  const absl::Time end = faults_end_ + kTimeToEnd;
  while (now_ < end && (faults() || !AllEnded())) {
    Step();
    invariants_.CheckWorkers(workers_, clock_.Read(now_), kLease);
    if (!ledger_.violations.empty()) return Report(ledger_.violations.front());
    now_ += kStep;
  }
  return Report(AllEnded() ? "" : DescribeUnended());
}

void Simulation::Step() {
  RunCoordinator();
  RunClient();
  RunOperator();
  RunWorkers();
  DeliverDue();
}

void Simulation::StartCoordinator() {
  if (faults() && random_.Chance(plan_.clock_set)) {
    const absl::Time before = clock_.Read(now_);
    clock_.Jump(absl::Seconds(random_.Between(-3600, 3600)));
    clock_.Restart(now_);
    for (const auto& worker : workers_) worker->ShiftHeard(clock_.Read(now_) - before);
  }
  const SchedulerOptions options = random_.Chance(plan_.reconfigure) ? DrawOptions(random_) : Options();
  coordinator_.Start(options, clock_.Read(now_));
  for (const auto& worker : workers_) worker->CoordinatorStarted(clock_.Read(now_));
  invariants_.CheckAcknowledged(coordinator_.kept());
}

void Simulation::RunCoordinator() {
  if (faults() && random_.Chance(plan_.clock_jump))
    clock_.Jump(absl::Milliseconds(random_.Between(-60000, 120000)));
  if (!coordinator_.up()) {
    if (now_ >= coordinator_starts_) StartCoordinator();
    return;
  }
  const auto deadline = coordinator_.scheduler()->NextDeadline();
  if (!deadline || *deadline > clock_.Read(now_)) return;
  Handle(DeadlineReached{});
}

std::optional<std::vector<Action>> Simulation::Handle(const Event& event) {
  if (now_ < disk_busy_until_) return std::nullopt;
  const bool was_up = coordinator_.up();
  const int commits = coordinator_.commits();
  auto actions = coordinator_.Handle(clock_.Read(now_), event, faults() ? plan_.commit_crash : 0, random_);
  for (const RecordBatch& batch : coordinator_.TakeKept()) invariants_.CheckBatch(batch, coordinator_.kept());
  if (was_up && !coordinator_.up()) {
    ++coordinator_crashes_;
    coordinator_starts_ = now_ + absl::Milliseconds(random_.Between(0, 8000));
    for (const auto& worker : workers_) worker->Unheard();
  }
  if (coordinator_.commits() != commits && faults() && random_.Chance(plan_.slow_commit)) {
    disk_busy_until_ = now_ + absl::Milliseconds(random_.Between(0, plan_.slow_commit_ms));
  }
  return actions;
}

void Simulation::RunClient() {
  if (faults() && random_.Chance(0.02)) client_.DrawSubmission();
  for (SimulatedClient::Submission* submission : client_.Due()) {
    const auto actions = Handle(submission->event);
    if (!actions || (faults() && random_.Chance(plan_.message_loss))) continue;
    for (const Action& action : *actions) {
      if (const auto* reply = std::get_if<ReplySubmitted>(&action)) {
        invariants_.Acknowledged(submission->event.request_id, reply->response);
        submission->acknowledged = true;
      } else if (const auto* reject = std::get_if<Reject>(&action)) {
        ledger_.violations.push_back(absl::StrCat("a submission was refused: ", reject->status.ToString()));
      }
    }
  }
  if (!faults() || !random_.Chance(0.005)) return;
  const std::string id = client_.DrawCancellation(coordinator_.kept());
  const auto actions = id.empty() ? std::nullopt : Handle(CancelRequested{id, {}});
  if (!actions) return;
  for (const Action& action : *actions) {
    if (const auto* reply = std::get_if<ReplyCancelled>(&action)) invariants_.Acknowledged(reply->response);
  }
}

void Simulation::RunOperator() {
  if (faults()) {
    if (!random_.Chance(plan_.operation)) return;
    std::vector<std::string> names;
    for (const auto& worker : workers_) names.push_back(worker->id());
    return Ask(operator_.Draw(coordinator_.kept(), names));
  }
  if (now_ >= faults_end_ + absl::Seconds(1) && !random_.Chance(0.1)) return;
  for (const Event& event : operator_.Undo(coordinator_.kept())) Ask(event);
}

void Simulation::Ask(const Event& event) {
  if (const auto* retry = std::get_if<RetryRequested>(&event)) invariants_.MayRunAgain(retry->id);
  const auto actions = Handle(event);
  if (!actions) return;
  for (const Action& action : *actions) invariants_.CheckAnswer(event, action, coordinator_.kept());
}

void Simulation::RunWorkers() {
  for (size_t i = 0; i < workers_.size(); ++i) {
    SimulatedWorker& worker = *workers_[i];
    if (faults() && random_.Chance(plan_.worker_fault)) HurtWorker(worker);
    worker.Run(now_, faults());
    if (now_ < worker.next_request || now_ < worker.silent_until) continue;
    worker.next_request = now_ + absl::Seconds(1);  // where no answer says otherwise
    Send(i);
  }
}

void Simulation::HurtWorker(SimulatedWorker& worker) {
  const uint64_t kind = random_.Below(10);
  if (kind < 4) {
    worker.Restart();
    worker.silent_until = now_ + absl::Milliseconds(random_.Between(0, 12000));
  } else if (kind < 8) {
    worker.silent_until = now_ + absl::Milliseconds(random_.Between(1000, 20000));
  } else {
    worker.Leave(now_);
  }
}

void Simulation::Send(size_t index) {
  Request request{workers_[index]->MakeRequest(), index, now_};
  if (faults()) {
    if (random_.Chance(plan_.message_loss)) return;
    if (random_.Chance(plan_.message_delay))
      request.due = now_ + absl::Milliseconds(random_.Between(100, 8000));
    if (random_.Chance(plan_.message_delay)) {
      in_flight_.push_back(request);
      in_flight_.back().due += absl::Milliseconds(random_.Between(0, 8000));
    }
  } else if (request.request.leaving()) {
    workers_[index]->Restart();  // It has left; another one is started in its place.
    return;
  }
  in_flight_.push_back(std::move(request));
}

void Simulation::DeliverDue() {
  if (now_ < disk_busy_until_) return;  // they wait
  std::vector<Request> due;
  for (size_t i = 0; i < in_flight_.size();) {
    if (in_flight_[i].due > now_) {
      ++i;
      continue;
    }
    due.push_back(std::move(in_flight_[i]));
    in_flight_.erase(in_flight_.begin() + static_cast<ptrdiff_t>(i));
  }
  for (const Request& request : due) Deliver(request);
}

void Simulation::Deliver(const Request& request) {
  SimulatedWorker& worker = *workers_[request.worker];
  // A dead agent's connection is closed, and what was on its way with it.
  if (!worker.IsSession(request.request.session())) return;
  WorkerSynchronized event;
  event.request = request.request;
  for (const v1::RankReport& rank : event.request.ranks()) {
    for (const std::string& id : {rank.output_id(), rank.checkpoint().manifest_id()}) {
      if (auto it = ledger_.artifacts.find(id); it != ledger_.artifacts.end())
        event.artifacts[id] = it->second.record;
    }
  }
  const auto actions = Handle(event);
  if (!actions) return;
  worker.Heard(request.request, clock_.Read(now_), kLease);
  for (const Action& action : *actions) {
    if (const auto* reply = std::get_if<ReplySynchronized>(&action)) {
      if (faults() && random_.Chance(plan_.message_loss)) return;
      for (const v1::Task& task : worker.TakeAnswer(request.request, reply->response, now_)) {
        invariants_.CheckStart(task, worker.id(), coordinator_.kept());
        resumes_ += task.resume_size() > 0;
      }
    } else if (const auto* reject = std::get_if<Reject>(&action)) {
      ledger_.violations.push_back(absl::StrCat("a worker was refused: ", reject->status.ToString()));
    }
  }
}

bool Simulation::AllEnded() const {
  if (!client_.AllAcknowledged() || !coordinator_.kept().schedules.empty()) return false;
  const auto& jobs = coordinator_.kept().jobs;
  return std::all_of(jobs.begin(), jobs.end(),
                     [](const auto& entry) { return HasEnded(entry.second.state()); });
}

std::string Simulation::DescribeUnended() {
  std::string text = "jobs have not ended long after the faults stopped:";
  for (const auto& [id, job] : coordinator_.kept().jobs) {
    if (HasEnded(job.state())) continue;
    absl::StrAppend(
        &text, "\n  ", id, " is ", v1::JobState_Name(job.state()), " after ", job.attempts_size(),
        " attempts: ", job.reason(), "; ",
        coordinator_.up() ? coordinator_.scheduler()->ExplainPending(id) : "the coordinator is down");
  }
  for (const auto& worker : workers_) {
    for (const auto& [id, process] : worker->processes()) {
      absl::StrAppend(&text, "\n  ", worker->id(), " runs ", std::get<0>(id), " attempt ", std::get<1>(id),
                      " rank ", std::get<2>(id), ": ", v1::RankReport::Phase_Name(process.report.phase()),
                      process.hangs ? ", hangs" : "");
    }
  }
  if (!coordinator_.up()) return text;
  for (const v1::WorkerStatus& status : coordinator_.scheduler()->ListWorkers(clock_.Read(now_))) {
    absl::StrAppend(&text, "\n  the coordinator says: ", status.ShortDebugString());
  }
  return text;
}

SimulationResult Simulation::Report(std::string violation) {
  SimulationResult result;
  if (!violation.empty()) {
    const absl::Duration after = now_ - (faults_end_ - kFaultTime);
    result.violation = absl::StrCat("after ", absl::FormatDuration(after), ": ", violation);
  }
  result.digest = coordinator_.digest();
  result.coordinator_crashes = coordinator_crashes_;
  result.resumes = resumes_;
  for (const auto& [id, job] : coordinator_.kept().jobs) {
    ++result.jobs;
    result.done += job.state() == v1::DONE;
    result.attempts += job.attempts_size();
  }
  return result;
}

}  // namespace bonsai
