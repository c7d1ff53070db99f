#include "client/control_commands.h"

namespace bonsai {
namespace {

constexpr char kWhyFooter[] = R"(
For a job that waits: what for, whether and where it could run, and when it is likely to start. For one that ended:
how. Exit code 1 if there is no such job.

Example:
  bonsai why p1/pretrain)";

constexpr char kHistoryFooter[] = R"(
Every change of the job's state and everything that was done to it: when, by whom, what and why.

Examples:
  bonsai history p1/pretrain
  bonsai --json history p1/pretrain)";

constexpr char kPauseFooter[] = R"(
No job of the pipeline starts any more; those that run write a checkpoint and leave, and go on from it after
`bonsai resume`.)";

constexpr char kRetryFooter[] = R"(
Of a pipeline, all jobs that failed or were cancelled; of a job, that one and those that need its output. What is done
stays done, and training goes on from its last checkpoint.)";

constexpr char kDrainFooter[] = R"(
What runs on the worker writes a checkpoint, leaves, and goes on elsewhere. `bonsai uncordon` takes it back.

Example:
  bonsai drain w2 --reason 'new disk')";

constexpr char kScheduleFooter[] = R"(
CRON has five fields, in UTC: minute hour day-of-month month day-of-week. '*', numbers, names (JAN, MON), ranges 1-5,
lists 1,15 and steps */10. Where both days are given, either will do.

The pipeline is submitted once for each time. Times that passed while the coordinator was down, or while the last run had
not ended, are caught up with as --catch-up says: `latest` submits once for all of them, `all` once for each (100 at
most), `skip` waits for the next time. With --overlap a run need not wait for the end of the one before.

Examples:
  bonsai schedule add nightly.textproto --cron '30 2 * * *' --set data=/data
  bonsai schedule list
  bonsai schedule remove nightly)";

constexpr char kSimulateFooter[] = R"(
Runs the scheduler of the coordinator over a cluster and a workload that FILE describes, without running a job, and
prints utilisation, waiting times and fairness. What follows the verb is given to the program bonsai-simulate.

Example:
  bonsai simulate share/examples/cluster.textproto)";

constexpr char kEstimateFooter[] = R"(
For each training job of the pipeline in FILE: parameters, tokens, floating point operations, time, the memory of a
rank, the size of a checkpoint and, with a price, what it costs. No coordinator is asked. Unless a speed is given, some
seconds of real training steps on made-up rows measure this machine.

Examples:
  bonsai estimate pocket.textproto --set data=/data
  bonsai estimate pocket.textproto --set data=/data --flops 4e14 --price-per-hour 2.5)";

constexpr char kHoldoutFooter[] = R"(
keygen makes a key file; seal encrypts JSON lines with it, for a data job of format SEALED. Workers that may evaluate
them are started with BONSAI_HOLDOUT_KEY_FILE set. What follows the verb is given to the program bonsai-holdout.

Examples:
  bonsai holdout keygen suite.key
  bonsai holdout seal --key suite.key questions.jsonl questions.sealed)";

}  // namespace

ControlCommands::ControlCommands(VerbTable& verbs) {
  AddJobs(verbs);
  AddWorkers(verbs);
  AddSchedules(verbs);
  AddSimulation(verbs);
  AddHoldout(verbs);
  AddEstimation(verbs);
}

void ControlCommands::AddJobs(VerbTable& verbs) {
  CLI::App* why = verbs.Add(verbs.app(), "why", "Explain a job: why it is as it is, and when it will start",
                            [this](Session& session) { return RunWhy(id_, session); });
  why->add_option("JOB", id_, "A job's id, as p1/pretrain")->required();
  why->footer(kWhyFooter);

  CLI::App* history = verbs.Add(verbs.app(), "history", "Print all that happened to a job",
                                [this](Session& session) { return RunHistory(id_, session); });
  history->add_option("JOB", id_, "A job's id, as p1/pretrain")->required();
  history->footer(kHistoryFooter);

  for (const bool resume : {false, true}) {
    CLI::App* pause =
        verbs.Add(verbs.app(), resume ? "resume" : "pause",
                  resume ? "Let a paused pipeline go on" : "Hold a pipeline: its jobs checkpoint and leave",
                  [this, resume](Session& session) { return RunPause(id_, resume, session); });
    pause->add_option("PIPELINE", id_, "A pipeline's id, as p1")->required();
    pause->footer(kPauseFooter);
  }

  CLI::App* retry = verbs.Add(verbs.app(), "retry", "Run again what failed or was cancelled",
                              [this](Session& session) { return RunRetry(id_, session); });
  retry->add_option("ID", id_, "p1 or p1/pretrain")->required();
  retry->footer(kRetryFooter);

  verbs.Add(verbs.app(), "usage", "Show what each tenant holds, may hold and has used", RunUsage);
}

void ControlCommands::AddWorkers(VerbTable& verbs) {
  const struct {
    const char* name;
    const char* what;
    v1::SetWorkerRequest::Action action;
  } kActions[] = {
      {"cordon", "Start nothing new on a worker", v1::SetWorkerRequest::CORDON},
      {"drain", "Empty a worker: what runs there checkpoints and leaves", v1::SetWorkerRequest::DRAIN},
      {"uncordon", "Let a worker that was cordoned or drained take jobs again",
       v1::SetWorkerRequest::UNCORDON},
  };
  for (const auto& row : kActions) {
    const auto action = row.action;
    CLI::App* verb = verbs.Add(verbs.app(), row.name, row.what, [this, action](Session& session) {
      return RunSetWorker(id_, action, reason_, session);
    });
    verb->add_option("WORKER", id_, "A worker's id; `bonsai workers` lists them")->required();
    if (action == v1::SetWorkerRequest::UNCORDON) continue;
    verb->add_option("--reason", reason_, "Why, for those who look at it later");
    verb->footer(kDrainFooter);
  }
}

void ControlCommands::AddSchedules(VerbTable& verbs) {
  CLI::App* schedule =
      verbs.Add(verbs.app(), "schedule", "Submit a pipeline again and again; alone: list", RunScheduleList);
  schedule->footer(kScheduleFooter);
  CLI::App* add = verbs.Add(*schedule, "add", "Make a schedule, or replace it", [this](Session& session) {
    if (!TakeSettings(sets_, schedule_.settings, session)) return absl::StatusOr<int>(kExitUsage);
    return RunScheduleAdd(schedule_, session);
  });
  add->add_option("FILE", schedule_.file, "A pipeline in text format; - is standard input")->required();
  add->add_option("--cron", schedule_.cron, "When: '30 2 * * *' is every night at 02:30 UTC")->required();
  add->add_option("--name", schedule_.name, "Default: the pipeline's name, or the file's");
  add->add_option("--catch-up", schedule_.catch_up, "What becomes of times that were missed")
      ->check(CLI::IsMember(std::vector<std::string>{"latest", "all", "skip"}))
      ->capture_default_str();
  add->add_flag("--overlap", schedule_.overlap, "Submit also while the last one has not ended");
  add->add_option("--set", sets_, "name=VALUE for ${name} in FILE; may be repeated")
      ->expected(1)
      ->take_all()
      ->check(CheckSetting);
  add->footer(kScheduleFooter);
  verbs.Add(*schedule, "list", "List schedules: when each is due, and what it did last", RunScheduleList);
  verbs
      .Add(*schedule, "remove", "Remove a schedule; what it submitted goes on",
           [this](Session& session) { return RunScheduleRemove(id_, session); })
      ->add_option("NAME", id_, "A schedule's name")
      ->required();
}

void ControlCommands::AddSimulation(VerbTable& verbs) {
  CLI::App* simulate =
      verbs.Add(verbs.app(), "simulate", "FILE: try a cluster and a workload out on the real scheduler",
                [this](Session& session) { return RunSimulate(simulate_->remaining(), session); });
  // What follows is for bonsai-simulate to understand.
  simulate->fallthrough(false)->prefix_command();
  simulate->footer(kSimulateFooter);
  simulate_ = simulate;
}

void ControlCommands::AddHoldout(VerbTable& verbs) {
  CLI::App* holdout =
      verbs.Add(verbs.app(), "holdout", "keygen, seal: encrypt the questions of a secret suite",
                [this](Session& session) { return RunHoldout(holdout_->remaining(), session); });
  // What follows is for bonsai-holdout to understand.
  holdout->fallthrough(false)->prefix_command();
  holdout->footer(kHoldoutFooter);
  holdout_ = holdout;
}

void ControlCommands::AddEstimation(VerbTable& verbs) {
  CLI::App* estimate =
      verbs.Add(verbs.app(), "estimate", "FILE: tell what a pipeline's training will cost, before it runs",
                [this](Session& session) {
                  if (!TakeSettings(sets_, estimate_.settings, session)) {
                    return absl::StatusOr<int>(kExitUsage);
                  }
                  return RunEstimate(estimate_, session);
                });
  estimate->add_option("FILE", estimate_.file, "A pipeline in text format; - is standard input")->required();
  estimate->add_option("--set", sets_, "name=VALUE for ${name} in FILE; may be repeated")
      ->expected(1)
      ->take_all()
      ->check(CheckSetting);
  CLI::Option* speed = estimate
                           ->add_option("--tokens-per-second", estimate_.tokens_per_second,
                                        "The speed of a job's ranks together, instead of a measurement")
                           ->check(CLI::PositiveNumber);
  estimate
      ->add_option("--flops", estimate_.flops,
                   "The same in floating point operations a second, those that are reached")
      ->check(CLI::PositiveNumber)
      ->excludes(speed);
  estimate->add_option("--price-per-hour", estimate_.price_per_hour, "Of the machine or machines")
      ->check(CLI::PositiveNumber);
  estimate
      ->add_option("--vocab-size", estimate_.vocab_size,
                   "Where the tokenizer is not made by a job of the pipeline")
      ->check(CLI::Range(2, 65536));
  estimate->footer(kEstimateFooter);
}

}  // namespace bonsai
