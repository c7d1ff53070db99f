#include "tests/simulation/simulation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(100);
constexpr absl::Duration kFaultTime = absl::Seconds(90);
constexpr absl::Duration kTimeToEnd = absl::Minutes(20);
constexpr size_t kPipelinesMax = 10;

SchedulerOptions Options() {
  SchedulerOptions options;
  options.lease = absl::Seconds(5);
  options.lost_attempts_max = 100;
  options.default_max_attempts = 10;
  return options;
}

}  // namespace

Simulation::Simulation(uint64_t seed)
    : random_(seed),
      options_(Options()),
      now_(absl::FromUnixSeconds(1'700'000'000)),
      faults_end_(now_ + kFaultTime),
      invariants_(ledger_),
      coordinator_(options_, now_) {
  const uint32_t cpus[] = {2, 1, 4};
  for (size_t i = 0; i < 3; ++i) {
    workers_.push_back(
        std::make_unique<SimulatedWorker>(absl::StrCat("w", i + 1), cpus[i], i != 1, ledger_, random_));
  }
  message_loss_ = 0.01 * static_cast<double>(random_.Below(30));
  message_delay_ = 0.01 * static_cast<double>(random_.Below(30));
  commit_crash_ = random_.Chance(0.3) ? 0 : 0.001 * static_cast<double>(random_.Below(100));
  worker_fault_ = random_.Chance(0.2) ? 0 : 0.0003 * static_cast<double>(random_.Below(20));
}

SimulationResult Simulation::Run() {
  const absl::Time end = faults_end_ + kTimeToEnd;
  int commits = -1;
  while (now_ < end && (faults() || !AllEnded())) {
    Step();
    if (coordinator_.commits() != commits) invariants_.CheckRecords(coordinator_.kept());
    commits = coordinator_.commits();
    invariants_.CheckWorkers(workers_, now_, options_.lease);
    if (!ledger_.violations.empty()) return Report(ledger_.violations.front());
    now_ += kStep;
  }
  return Report(AllEnded() ? "" : DescribeUnended());
}

void Simulation::Step() {
  RunCoordinator();
  RunClient();
  RunWorkers();
  DeliverDue();
}

void Simulation::RunCoordinator() {
  if (!coordinator_.up()) {
    if (now_ >= coordinator_starts_) coordinator_.Start(now_);
    return;
  }
  const auto deadline = coordinator_.scheduler()->NextDeadline();
  if (!deadline || *deadline > now_) return;
  Handle(DeadlineReached{});
}

std::optional<std::vector<Action>> Simulation::Handle(const Event& event) {
  const bool was_up = coordinator_.up();
  auto actions = coordinator_.Handle(now_, event, faults() ? commit_crash_ : 0, random_);
  if (was_up && !coordinator_.up()) {
    ++coordinator_crashes_;
    coordinator_starts_ = now_ + absl::Milliseconds(random_.Between(0, 8000));
    for (const auto& worker : workers_) worker->Unheard();
  }
  return actions;
}

PipelineSubmitted Simulation::DrawPipeline() {
  PipelineSubmitted event;
  event.request_id = absl::StrCat("request ", submissions_.size());
  const int jobs = static_cast<int>(random_.Between(1, 5));
  for (int i = 0; i < jobs; ++i) {
    v1::JobSpec& job = *event.pipeline.add_jobs();
    job.set_name(absl::StrCat("j", i));
    switch (random_.Below(4)) {
      case 0:
        job.mutable_pretrain();
        job.mutable_resources()->set_ranks(static_cast<uint32_t>(random_.Between(1, 5)));
        break;
      case 1:
        job.mutable_benchmark()->set_target("host");
        break;
      case 2:
        job.mutable_tokenizer();
        job.mutable_resources()->set_cpus(static_cast<uint32_t>(random_.Between(1, 4)));
        break;
      default:
        job.mutable_data();
    }
    auto& inputs = event.inputs.emplace_back();
    for (int j = 0; j < i; ++j) {
      if (!random_.Chance(0.4)) continue;
      inputs.emplace_back().set_job_id(absl::StrCat("j", j));
      inputs.back().set_field(absl::StrCat("field ", j));
    }
  }
  return event;
}

void Simulation::RunClient() {
  if (faults() && submissions_.size() < kPipelinesMax && random_.Chance(0.02))
    submissions_.push_back({DrawPipeline()});
  for (Submission& submission : submissions_) {
    // Again now and then, even if it was answered.
    if (!random_.Chance(submission.acknowledged ? 0.002 : 0.2)) continue;
    const auto actions = Handle(submission.event);
    if (!actions || (faults() && random_.Chance(message_loss_))) continue;
    for (const Action& action : *actions) {
      if (const auto* reply = std::get_if<ReplySubmitted>(&action)) {
        invariants_.Acknowledged(submission.event.request_id, reply->response);
        submission.acknowledged = true;
      } else if (const auto* reject = std::get_if<Reject>(&action)) {
        ledger_.violations.push_back(absl::StrCat("a submission was refused: ", reject->status.ToString()));
      }
    }
  }
  if (!faults() || !random_.Chance(0.005) || coordinator_.kept().jobs.empty()) return;
  auto job = coordinator_.kept().jobs.begin();
  std::advance(job, random_.Below(coordinator_.kept().jobs.size()));
  const std::string id = random_.Chance(0.2) ? job->second.pipeline_id() : job->first;
  const auto actions = Handle(CancelRequested{id});
  if (!actions) return;
  for (const Action& action : *actions) {
    if (const auto* reply = std::get_if<ReplyCancelled>(&action)) invariants_.Acknowledged(reply->response);
  }
}

void Simulation::RunWorkers() {
  for (size_t i = 0; i < workers_.size(); ++i) {
    SimulatedWorker& worker = *workers_[i];
    if (faults() && random_.Chance(worker_fault_)) HurtWorker(worker);
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
    worker.Leave();
  }
}

void Simulation::Send(size_t index) {
  Request request{workers_[index]->MakeRequest(), index, now_};
  if (faults()) {
    if (random_.Chance(message_loss_)) return;
    if (random_.Chance(message_delay_)) request.due = now_ + absl::Milliseconds(random_.Between(100, 8000));
    if (random_.Chance(message_delay_)) {
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
  worker.Heard(request.request, now_, options_.lease);
  for (const Action& action : *actions) {
    if (const auto* reply = std::get_if<ReplySynchronized>(&action)) {
      if (faults() && random_.Chance(message_loss_)) return;
      worker.TakeAnswer(request.request, reply->response, now_);
    } else if (const auto* reject = std::get_if<Reject>(&action)) {
      ledger_.violations.push_back(absl::StrCat("a worker was refused: ", reject->status.ToString()));
    }
  }
}

bool Simulation::AllEnded() const {
  if (!std::all_of(submissions_.begin(), submissions_.end(),
                   [](const Submission& s) { return s.acknowledged; })) {
    return false;
  }
  const auto& jobs = coordinator_.kept().jobs;
  return std::all_of(jobs.begin(), jobs.end(), [](const auto& entry) {
    return entry.second.state() == v1::DONE || entry.second.state() == v1::FAILED ||
           entry.second.state() == v1::CANCELLED;
  });
}

std::string Simulation::DescribeUnended() {
  std::string text = "jobs have not ended long after the faults stopped:";
  for (const auto& [id, job] : coordinator_.kept().jobs) {
    if (job.state() == v1::DONE || job.state() == v1::FAILED || job.state() == v1::CANCELLED) continue;
    absl::StrAppend(
        &text, "\n  ", id, " is ", v1::JobState_Name(job.state()), " after ", job.attempts_size(),
        " attempts: ", job.reason(), "; ",
        coordinator_.up() ? coordinator_.scheduler()->ExplainPending(id) : "the coordinator is down");
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
  for (const auto& [id, job] : coordinator_.kept().jobs) {
    ++result.jobs;
    result.done += job.state() == v1::DONE;
    result.attempts += job.attempts_size();
  }
  return result;
}

}  // namespace bonsai
