// What checkpoints cost a training run, or what a change to the trainer does: interleaved pairs of runs of
// bonsai-run-pretrain on a model of the quickstart's shape (deploy/examples/pocket.textproto).
//
//   bazel run -c opt //worker/train:checkpoint_bench -- --pairs=5 --steps=300 --every=50
//     each pair runs without checkpoints and with one every --every steps
//   ... -- --pairs=7 --every=0 --other=/path/to/bonsai-run-pretrain
//     each pair runs that program and this one, both with one every --every steps (0: none)
//
// Prints for each run the wall time from the first step's end to the last's, tokens per second, processor
// seconds of all ranks, and what the trainer says that checkpoints kept it; and the median over the pairs.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "runner/fake_runner_context.h"
#include "runner/runner_process_testing.h"
#include "worker/train/random_bits.h"
#include "worker/train/small_model_testing.h"

namespace bonsai {
namespace {

constexpr char kProgram[] = "worker/train/bonsai-run-pretrain";
constexpr uint32_t kVocabulary = 4096, kPositions = 256, kBatch = 8;
constexpr size_t kTokens = 400'000;

struct Flags {
  std::map<std::string, uint32_t> numbers = {{"pairs", 5}, {"steps", 300}, {"every", 50}, {"ranks", 2}};
  std::string other;
  std::string directory = "/tmp";  // where the store is: its disk is part of what is measured
};

bool ParseFlags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    const size_t equals = std::min(argument.find('='), argument.size() - 1);
    const absl::string_view name = argument.substr(0, equals), value = argument.substr(equals + 1);
    uint32_t number = 0;
    if (name == "--other") {
      flags.other = std::string(value);
    } else if (name == "--directory") {
      flags.directory = std::string(value);
    } else if (auto found = flags.numbers.find(std::string(name.substr(std::min<size_t>(2, name.size()))));
               found != flags.numbers.end() && absl::SimpleAtoi(value, &number)) {
      found->second = number;
    } else {
      std::fprintf(stderr,
                   "checkpoint_bench: %s; valid are --pairs=N --steps=N --every=N --ranks=N --other=PROGRAM "
                   "--directory=FOLDER\n",
                   argv[i]);
      return false;
    }
  }
  return true;
}

v1::PretrainSpec PocketSpec(uint32_t steps, uint32_t every) {
  v1::PretrainSpec spec;
  v1::ModelShape& model = *spec.mutable_model();
  model.set_dim(128);
  model.set_layers(4);
  model.set_heads(4);
  model.set_kv_heads(2);
  model.set_hidden_dim(352);
  model.set_max_seq_len(kPositions);
  spec.mutable_optimizer()->set_learning_rate(0.004f);
  spec.mutable_optimizer()->set_weight_decay(0.1f);
  spec.mutable_optimizer()->set_clip_norm(1);
  spec.set_steps(steps);
  spec.set_batch_sequences(kBatch);
  spec.set_seed(1);
  spec.set_checkpoint_every_steps(every);
  return spec;
}

// Shared by all runs: the inputs, and the store.
struct Home {
  std::unique_ptr<FakeRunnerContext> context;
  std::string tokens, tokenizer;
};

Home MakeHome(const std::string& directory) {
  Home home;
  home.context = FakeRunnerContext::Create(directory);
  std::vector<uint16_t> ids(kTokens);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<uint16_t>(RandomBits(1, i) % kVocabulary);
  const std::string model = TokenizerOf(kVocabulary), size = absl::StrCat(kVocabulary);
  home.tokens = home.context->AddInput("pretrain.tokens", "tokens",
                                       {{"shard-00000.bin", PackedShard(ids)}, {"tokenizer.model", model}},
                                       {{"tokens", absl::StrCat(kTokens)}, {"vocab_size", size}});
  home.tokenizer = home.context->AddInput("pretrain.tokenizer", "tokenizer", {{"tokenizer.model", model}},
                                          {{"vocab_size", size}});
  return home;
}

struct RunFigures {
  double wall_seconds = 0, processor_seconds = 0, stall_seconds = 0;
  size_t checkpoints = 0;
};

double MetricOf(const v1::Sample& sample, absl::string_view name) {
  for (const v1::Metric& metric : sample.metrics()) {
    if (metric.name() == name) return metric.value();
  }
  return 0;
}

bool Run(const Home& home, const Flags& flags, const std::string& program, uint32_t every,
         RunFigures* figures) {
  const uint32_t ranks = flags.numbers.at("ranks"), steps = flags.numbers.at("steps");
  std::vector<std::unique_ptr<FakeRunnerContext>> contexts;
  std::vector<std::unique_ptr<RunnerProcess>> processes(ranks);
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    contexts.push_back(FakeRunnerContext::Create(flags.directory, home.context->task().storage_dir()));
    v1::Task& task = contexts[rank]->mutable_task();
    *task.mutable_spec()->mutable_pretrain() = PocketSpec(steps, every);
    task.mutable_spec()->mutable_resources()->set_cpus(1);
    task.set_rank(rank);
    task.set_ranks(ranks);
    task.set_rendezvous_dir(contexts[0]->task().rendezvous_dir());
    contexts[rank]->AddInputId("pretrain.tokens", home.tokens);
    contexts[rank]->AddInputId("pretrain.tokenizer", home.tokenizer);
  }
  for (uint32_t rank = ranks; rank-- > 0;) {
    processes[rank] = std::make_unique<RunnerProcess>(program, contexts[rank]->task());
  }
  bool ok = processes[0]->ReadUntilSample(1);
  const absl::Time begun = absl::Now();
  ok = ok && processes[0]->ReadUntilSample(steps);
  figures->wall_seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  for (const auto& process : processes) {
    ok = process->Wait() == 0 && ok;
    figures->processor_seconds += process->processor_seconds();
    if (!process->Failure().empty()) std::fprintf(stderr, "%s\n", process->Failure().c_str());
  }
  for (const v1::RunnerEvent& event : processes[0]->events()) {
    figures->checkpoints += event.has_checkpoint();
    if (event.has_sample()) figures->stall_seconds = MetricOf(event.sample(), "checkpoint_stall_seconds");
  }
  return ok;
}

void Print(const char* name, const RunFigures& figures, uint32_t steps) {
  const double tokens = static_cast<double>(steps - 1) * kBatch * kPositions;
  std::printf("  %-8s %8.2f s  %7.0f tokens/s  %7.2f processor s  %zu checkpoints, stall %.4f s (%.3f %%)\n",
              name, figures.wall_seconds, tokens / figures.wall_seconds, figures.processor_seconds,
              figures.checkpoints, figures.stall_seconds, 100 * figures.stall_seconds / figures.wall_seconds);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!ParseFlags(argc, argv, flags)) return 1;
  const uint32_t steps = flags.numbers["steps"], every = flags.numbers["every"],
                 pairs = flags.numbers["pairs"];
  if (steps < 2 || pairs == 0 || flags.numbers["ranks"] == 0) {
    std::fprintf(stderr, "checkpoint_bench: valid are at least 2 steps, 1 pair and 1 rank\n");
    return 1;
  }
  setenv("OMP_NUM_THREADS", "1", 1);  // as the agent does for a rank of one cpu
  const bool compares_programs = !flags.other.empty();
  const char* const names[2] = {compares_programs ? "other" : "without", compares_programs ? "this" : "with"};
  const Home home = MakeHome(flags.directory);
  std::vector<double> wall, processor, stall;
  for (uint32_t pair = 0; pair < pairs; ++pair) {
    RunFigures figures[2];
    for (const int which : {pair % 2 == 0 ? 0 : 1, pair % 2 == 0 ? 1 : 0}) {
      const std::string program = which == 0 && compares_programs ? flags.other : std::string(kProgram);
      const uint32_t saves = which == 1 || compares_programs ? every : 0;
      if (!Run(home, flags, program, saves, &figures[which])) return 1;
    }
    std::printf("pair %u\n", pair + 1);
    for (int which = 0; which < 2; ++which) Print(names[which], figures[which], steps);
    std::fflush(stdout);
    wall.push_back(100 * (figures[1].wall_seconds / figures[0].wall_seconds - 1));
    processor.push_back(100 * (figures[1].processor_seconds / figures[0].processor_seconds - 1));
    stall.push_back(100 * figures[1].stall_seconds / figures[1].wall_seconds);
  }
  std::printf(
      "median of %u pairs, %s against %s: wall %+.2f %%, processor %+.2f %%; trainer's stall %.3f %%\n",
      pairs, names[1], names[0], Median(wall), Median(processor), Median(stall));
  return 0;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Main(argc, argv); }
