// How long a coordinator takes to come back with many jobs on record: opens the store as a killed process
// left it, loads it, and makes the scheduler and the readers' model from it.
//
//   bazel run //coordinator:recovery_bench -- [--jobs=100000] [--dir=DIR] [--runs=3]
//
// Every record is written as often as in the life of a job (submitted, started, done), beside its history.
// Prints a line of JSON for each run; the first one finds the newest records in the log alone, as a killed
// process leaves them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/scheduler/scheduler.h"
#include "coordinator/store/rocksdb_record_store.h"

namespace bonsai {
namespace {

constexpr int kJobsPerPipeline = 10;
constexpr int kPipelinesPerBatch = 20;

v1::HistoryEntry Entry(const v1::JobRecord& job, uint64_t number, const char* what) {
  v1::HistoryEntry entry;
  entry.set_job_id(job.id());
  entry.set_number(number);
  entry.set_unix_ms(1795228200000 + static_cast<int64_t>(number));
  entry.set_actor("scheduler");
  entry.set_what(what);
  entry.set_state(job.state());
  return entry;
}

v1::JobRecord MakeJob(const std::string& pipeline, int index, uint64_t sequence) {
  v1::JobRecord job;
  job.set_id(absl::StrCat(pipeline, "/pretrain-", index));
  job.set_pipeline_id(pipeline);
  job.set_sequence(sequence);
  job.set_tenant("default");
  job.set_queue("default");
  job.set_submitted_unix_ms(1795228200000);
  v1::JobSpec& spec = *job.mutable_spec();
  spec.set_name(absl::StrCat("pretrain-", index));
  spec.mutable_resources()->set_ranks(2);
  v1::PretrainSpec& train = *spec.mutable_pretrain();
  train.set_tokens(absl::StrCat("@pack", index));
  train.set_tokenizer("@tokenizer");
  train.mutable_model()->set_dim(128);
  train.mutable_model()->set_layers(4);
  train.mutable_optimizer()->set_learning_rate(0.004f);
  train.mutable_schedule()->set_shape(v1::Schedule::WSD);
  train.set_steps(1000);
  for (const char* field : {"pretrain.tokens", "pretrain.tokenizer"}) {
    v1::ResolvedInput& input = *job.add_inputs();
    input.set_field(field);
    input.set_kinds("tokens");
    input.set_artifact_id(std::string(64, 'a'));
  }
  return job;
}

void Start(v1::JobRecord& job) {
  job.set_state(v1::RUNNING);
  v1::AttemptRecord& attempt = *job.add_attempts();
  attempt.set_number(1);
  attempt.set_started_unix_ms(1795228201000);
  for (uint32_t rank = 0; rank < 2; ++rank) {
    v1::Placement& placement = *attempt.add_placements();
    placement.set_rank(rank);
    placement.set_worker_id(absl::StrCat("worker-", rank));
  }
}

void End(v1::JobRecord& job) {
  job.set_state(v1::DONE);
  job.set_output_id(std::string(64, 'b'));
  job.mutable_attempts(0)->set_outcome(v1::AttemptRecord::SUCCEEDED);
  job.mutable_attempts(0)->set_ended_unix_ms(1795228300000);
  for (uint64_t step : {1000u, 900u, 800u}) {
    v1::Checkpoint& checkpoint = *job.add_checkpoints();
    checkpoint.set_manifest_id(std::string(64, 'c'));
    checkpoint.set_step(step);
    checkpoint.set_attempt(1);
  }
}

// The life of `jobs` jobs, of which every fourth is still waiting for room.
absl::Status Fill(const std::string& folder, int jobs) {
  auto store = OpenRocksdbRecordStore(folder);
  if (!store.ok()) return store.status();
  uint64_t sequence = 1;
  for (int first = 0; first < jobs; first += kJobsPerPipeline * kPipelinesPerBatch) {
    RecordBatch submitted, started, ended;
    for (int p = 0; p < kPipelinesPerBatch; ++p) {
      v1::PipelineRecord& pipeline = submitted.pipelines.emplace_back();
      pipeline.set_id(absl::StrCat("p", first / kJobsPerPipeline + p + 1));
      pipeline.set_request_id(absl::StrCat("request ", pipeline.id()));
      pipeline.set_tenant("default");
      for (int i = 0; i < kJobsPerPipeline; ++i) {
        v1::JobRecord job = MakeJob(pipeline.id(), i, sequence++);
        pipeline.add_job_ids(job.id());
        job.set_state(v1::READY);
        submitted.jobs.push_back(job);
        submitted.history.push_back(Entry(job, 1, "submitted"));
        if (sequence % 4 == 0) continue;
        Start(job);
        started.jobs.push_back(job);
        started.history.push_back(Entry(job, 2, "started attempt 1 on worker-0, worker-1"));
        End(job);
        ended.jobs.push_back(job);
        ended.history.push_back(Entry(job, 3, "done with artifact"));
      }
    }
    submitted.counters = Counters{static_cast<uint64_t>(first) + 1, sequence, 1};
    for (const RecordBatch* batch : {&submitted, &started, &ended}) {
      if (absl::Status kept = (*store)->Commit(*batch); !kept.ok()) return kept;
    }
  }
  return absl::OkStatus();
}

double Milliseconds(const std::function<void()>& work) {
  const absl::Time start = absl::Now();
  work();
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

int Run(const std::string& folder, int jobs, int runs) {
  if (absl::Status filled = Fill(folder, jobs); !filled.ok()) {
    std::fprintf(stderr, "recovery_bench: %s\n", filled.ToString().c_str());
    return 1;
  }
  for (int run = 0; run < runs; ++run) {
    std::unique_ptr<RecordStore> store;
    Records records;
    std::unique_ptr<Scheduler> scheduler;
    std::unique_ptr<ReadModel> readers;
    const std::clock_t cpu = std::clock();
    const double open = Milliseconds([&] { store = *OpenRocksdbRecordStore(folder); });
    const double load = Milliseconds([&] { records = *store->Load(); });
    if (records.jobs.size() != static_cast<size_t>(jobs)) return 1;
    const double model = Milliseconds([&] { readers = std::make_unique<ReadModel>(records); });
    const double schedule = Milliseconds([&] {
      scheduler =
          Scheduler::Create(SchedulerOptions(), std::move(records), absl::FromUnixSeconds(1795229000));
    });
    std::printf(
        "{\"jobs\":%d,\"run\":%d,\"open_ms\":%.0f,\"load_ms\":%.0f,\"scheduler_ms\":%.0f,"
        "\"read_model_ms\":%.0f,\"total_ms\":%.0f,\"cpu_ms\":%.0f}\n",
        jobs, run, open, load, schedule, model, open + load + schedule + model,
        1e3 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  }
  return 0;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) {
  CLI::App app("Measures a coordinator's recovery.", "recovery_bench");
  int jobs = 100000;
  int runs = 3;
  std::string dir = std::filesystem::temp_directory_path().string();
  app.add_option("--jobs", jobs, "How many jobs are on record; a multiple of 200")->capture_default_str();
  app.add_option("--runs", runs, "How often to recover")->capture_default_str();
  app.add_option("--dir", dir, "A folder on the disk to measure")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const std::string folder = dir + "/bonsai_recovery_bench";
  std::filesystem::remove_all(folder);
  const int code = bonsai::Run(folder, jobs, runs);
  std::filesystem::remove_all(folder);
  return code;
}
