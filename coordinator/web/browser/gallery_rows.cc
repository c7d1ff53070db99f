#include "coordinator/web/browser/gallery_rows.h"

#include <google/protobuf/text_format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

constexpr int kNights = 7;
constexpr int64_t kFirstNightMs = 1763863200000;
constexpr int64_t kDayMs = 86400000;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) {
    std::fprintf(stderr, "not in text format: %s\n", text.c_str());
    std::abort();
  }
  return message;
}

struct Entrant {
  const char* name;
  double accuracy;  // at last
  uint64_t parameters;
  double decode;  // 0: not measured
  double memory_mib;
};
constexpr Entrant kEntrants[] = {
    {"sapling-38m", 0.412, 38400000, 181.5, 96.2},  {"moss-15m", 0.337, 15200000, 412.8, 41.7},
    {"cedar-110m", 0.468, 110300000, 61.2, 268.4},  {"fern-8m", 0.262, 8100000, 640.1, 25.3},
    {"<b>lichen</b>", 0.205, 3300000, 990.4, 12.9}, {"oak-260m", 0.471, 260000000, 0, 0},
};

std::string IdOf(int entrant, int night) {
  return absl::StrFormat("%064x", 0x5eed00 + entrant * 256 + night);
}

v1::LeaderboardRow InventRow(int entrant, int night) {
  const Entrant& who = kEntrants[entrant];
  // Better from night to night, with a bad one.
  const double accuracy = who.accuracy - 0.012 * (kNights - 1 - night) - (night == 4 ? 0.02 : 0);
  const double bits = 1.9 - accuracy;
  v1::LeaderboardRow row = Parse<v1::LeaderboardRow>(absl::StrFormat(
      R"(track: "edge" parameters: %d datasets: "c4" datasets: "alpaca" model_id: "%064x"
         suites { suite: "commonsenseqa" profile: "lmeval 0.4" documents: 1221
                  metrics { name: "acc" value: %.6f stderr: 0.0141 floor: 0.2088 floor_name: "majority answer B" ceiling: 1
                            floors { name: "majority answer B" value: 0.2088 } floors { name: "chance" value: 0.2 } } }
         suites { suite: "bits_per_byte" profile: "bonsai" documents: 400
                  metrics { name: "bits_per_byte" value: %.6f lower_is_better: true floor: 2.31 floor_name: "xz" } }
         rules { rule: "allowed_datasets" passed: true why: "alpaca, c4: all allowed" }
         rules { rule: "max_peak_memory_bytes" passed: true why: "at most 12000000000" }
         reproduce: "bonsai submit deploy/presets/edge.textproto --set name=%d --set seed=7"
         comparisons { suite: "commonsenseqa" metric: "acc" items: 1221 better: 41 worse: 26 difference: 0.0123
                       p_value: 0.0868 test: "exact McNemar" changed_ids: "q17" changed_ids: "q301" })",
      who.parameters, 0xabc + entrant, accuracy, bits, entrant));
  row.set_name(who.name);
  row.set_submission_id(IdOf(entrant, night));
  row.set_created_unix_ms(kFirstNightMs + night * kDayMs + entrant * 600000);
  if (who.decode > 0) {
    *row.add_benchmarks() = Parse<v1::BenchmarkReport>(absl::StrFormat(
        R"(target: "host" device: "w1/local" runs: 5 bundle_bytes: %d peak_memory_bytes: %d
           output_matches_reference: true output_comparison: "64 of 64 tokens equal the reference"
           prefill_tokens_per_second { median: %f standard_deviation: 11.2 }
           decode_tokens_per_second { median: %f standard_deviation: 1.7 })",
        who.parameters * 4, static_cast<uint64_t>(who.memory_mib * 1048576), who.decode * 6.3, who.decode));
    *row.add_benchmarks() = Parse<v1::BenchmarkReport>(
        R"(target: "duo-64m" device: "w1/qemu-riscv64" emulated: true runs: 1 output_matches_reference: true
           not_measured: "decode_tokens_per_second: emulated by qemu-user")");
  }
  if (accuracy < 0.2088) {
    row.mutable_suites(0)->set_degenerate("answers B to every question");
    row.add_flags("commonsenseqa: answers B to every question");
  }
  return row;
}

void Rank(std::vector<v1::LeaderboardRow>& rows) {
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.suites(0).metrics(0).value() > b.suites(0).metrics(0).value();
  });
  uint32_t place = 0;
  for (v1::LeaderboardRow& row : rows) {
    row.set_rank(++place);
    for (const char* task : {"CommonsenseQA", "Bits per byte"}) {
      v1::TaskPoints* points = row.add_points();
      points->set_task(task);
      points->set_place(place);
      points->set_points(11.0 - place);
    }
    row.set_points_total(22.0 - 2 * place);
    row.set_geometric_mean(row.suites(0).metrics(0).value());
  }
}

v1::JobStatus InventJob(const char* id, const char* spec, v1::JobState state, absl::Time now) {
  v1::JobStatus status;
  v1::JobRecord& job = *status.mutable_job();
  job.set_id(id);
  *job.mutable_spec() = Parse<v1::JobSpec>(spec);
  job.set_state(state);
  job.set_tenant("red");
  job.set_submitted_unix_ms(absl::ToUnixMillis(now - absl::Minutes(31)));
  if (state == v1::READY) job.set_reason("no worker has 2 free cpus");
  if (state == v1::WAITING || state == v1::READY) return status;
  v1::AttemptRecord& attempt = *job.add_attempts();
  attempt.set_number(1);
  attempt.set_started_unix_ms(absl::ToUnixMillis(now - absl::Minutes(30)));
  attempt.add_placements()->set_worker_id("w1");
  if (state == v1::RUNNING) return status;
  attempt.set_ended_unix_ms(absl::ToUnixMillis(now - absl::Minutes(3)));
  attempt.set_outcome(state == v1::DONE ? v1::AttemptRecord::SUCCEEDED : v1::AttemptRecord::FAILED);
  job.set_ended_unix_ms(attempt.ended_unix_ms());
  if (state == v1::FAILED) job.set_reason("data: there is no file that matches \"<nowhere>\"");
  return status;
}

}  // namespace

std::vector<v1::Track> InventTracks() {
  return {Parse<v1::Track>(
              R"(name: "edge" title: "Edge models" ranking_metric: "commonsenseqa/acc" allowed_datasets: "c4"
                 allowed_datasets: "alpaca" allowed_dtypes: "F32" allowed_dtypes: "F16" max_peak_memory_bytes: 12000000000
                 tasks { name: "CommonsenseQA" metric: "commonsenseqa/acc" }
                 tasks { name: "Bits per byte" metric: "bits_per_byte/bits_per_byte" lower_is_better: true })"),
          Parse<v1::Track>(R"(name: "merging" title: "Merged models" max_parameters: 8000000000
                              ranking_metric: "commonsenseqa/acc")")};
}

std::vector<v1::LeaderboardRow> InventRows(bool history) {
  std::vector<v1::LeaderboardRow> newest, all;
  for (int entrant = 0; entrant < static_cast<int>(std::size(kEntrants)); ++entrant) {
    for (int night = 0; night < kNights; ++night) {
      (night + 1 == kNights ? newest : all).push_back(InventRow(entrant, night));
    }
  }
  Rank(newest);
  if (history) newest.insert(newest.end(), all.begin(), all.end());
  return newest;
}

SubmissionView InventView(const v1::LeaderboardRow& row) {
  SubmissionView view;
  view.row = row;
  view.track = InventTracks()[0];
  view.artifact = Parse<v1::GetArtifactResponse>(absl::StrFormat(
      R"(record { id: "%s" kind: "submission" job_id: "p7/row" }
         manifest { kind: "submission" lineage { job_id: "p7/row" attempt: 1
           inputs { field: "submission.model" artifact_id: "%064x" } inputs { field: "submission.evaluations[0]" artifact_id: "%064x" } } }
         lineage { id: "%064x" manifest { kind: "model" files { path: "model.safetensors" blob { sha256: "%064x" size_bytes: 153600000 } }
                   files { path: "config.json" blob { sha256: "%064x" size_bytes: 612 } }
                   lineage { job_id: "p7/pretrain" inputs { field: "pretrain.tokens" artifact_id: "%064x" } } } }
         lineage { id: "%064x" manifest { kind: "evaluation" lineage { job_id: "p7/evaluate"
                   inputs { field: "evaluate.model" artifact_id: "%064x" } } } }
         lineage { id: "%064x" manifest { kind: "tokens" lineage { job_id: "p7/pack"
                   sources { dataset: "c4" split: "train" file: "c4-train.00001-of-01024.json.gz" licence: "ODC-BY"
                             home: "allenai/c4" sha256: "%064x" size_bytes: 318000000 documents: 356317 published: "2021-05-25" } } } })",
      row.submission_id(), 0x111, 0x222, 0x111, 0x444, 0x555, 0x333, 0x222, 0x111, 0x333, 0x666));
  ItemSample sample;
  sample.suite = "commonsenseqa";
  sample.more = true;
  for (int i = 0; i < 3; ++i) {
    sample.items.push_back(Parse<v1::ItemResult>(absl::StrFormat(
        R"(id: "q%d" prompt: "Question: Where would you put a kettle that is still hot?\nA. on paper\nB. on a trivet\nAnswer:"
           extracted: "%s" expected: "B" loglikelihoods: -4.125 loglikelihoods: -1.5 metrics { name: "acc" value: %d })",
        17 + i, i == 1 ? "A" : "B", i == 1 ? 0 : 1)));
  }
  view.samples.push_back(std::move(sample));
  return view;
}

JobBoard InventBoard(absl::Time now) {
  JobBoard board;
  board.by_state = {{v1::RUNNING, 2}, {v1::READY, 1}, {v1::WAITING, 1}, {v1::DONE, 41}, {v1::FAILED, 1}};
  v1::JobStatus pretrain = InventJob(
      "p7/pretrain", "name: 'pretrain' pretrain { steps: 4000 batch_sequences: 8 }", v1::RUNNING, now);
  *pretrain.mutable_progress() =
      Parse<v1::Progress>("step: 120 total_steps: 4000 unit: 'steps' eta_seconds: 5400");
  *pretrain.mutable_sample() = Parse<v1::Sample>(
      "step: 120 metrics { name: 'loss' value: 2.4 } metrics { name: 'tokens_per_second' value: 51230 }");
  v1::JobStatus evaluate = InventJob("p6/evaluate", "name: 'evaluate' evaluate {}", v1::RUNNING, now);
  *evaluate.mutable_progress() =
      Parse<v1::Progress>("step: 610 total_steps: 1221 unit: 'requests' eta_seconds: 44");
  board.running = {pretrain, evaluate};
  board.waiting = {InventJob("p7/export", "name: 'export' export {}", v1::WAITING, now),
                   InventJob("p8/pretrain", "name: 'pretrain' pretrain {}", v1::READY, now)};
  board.ended = {InventJob("p6/export", "name: 'export' export {}", v1::DONE, now),
                 InventJob("p5/corpus", "name: 'corpus' data {}", v1::FAILED, now)};
  return board;
}

std::vector<v1::WorkerStatus> InventWorkers() {
  return {
      Parse<v1::WorkerStatus>(
          R"(worker_id: "w1" live: true cpus: 8 cpus_free: 3 memory_bytes: 34359738368 memory_bytes_free: 21474836480
                 running: "p7/pretrain attempt 1 rank 0"
                 devices { device { id: "local" target: "host" transport: "local" description: "this machine" } leased_by: "p6/bench" }
                 devices { device { id: "qemu-riscv64" target: "duo-64m" transport: "qemu-user" emulated: true description: "Milk-V Duo, emulated" } })"),
      Parse<v1::WorkerStatus>(
          R"(worker_id: "w2" live: true cpus: 16 cpus_free: 16 memory_bytes: 68719476736 memory_bytes_free: 68719476736
                 gpus: 1 gpus_free: 1 gpu_devices { id: "GPU-1" unhealthy: "an uncorrected memory error" }
                 record { cordoned: true reason: "new disk on Monday" } labels { key: "zone" value: "b" })"),
      Parse<v1::WorkerStatus>(
          R"(worker_id: "w3" cpus: 4 memory_bytes: 8589934592
                 devices { device { id: "phone-1" target: "android-arm64" transport: "adb" description: "a phone" } })")};
}

}  // namespace bonsai
