// A training step of several ranks: with sums that begin while the backward pass goes on and with sums after
// it, with all moments on every rank and with shares (ZeRO-1); on this machine's loopback or over a slow
// link.
//
//   bazel run -c opt //worker/train:data_parallel_bench -- --ranks=2 --threads=1 --rounds=9 --steps=3
//     --dim=288 --layers=6 --heads=6 --hidden=768 --vocab=32000 --positions=256 --rows=8 --muon=1 --link=0
//
// --link=N: each rank sends N MB/s; what is sent then takes as long as that, beside what it takes anyway.
// --muon=2 has Muon instead of AdamW. The variants take turns, `steps` steps each, in `rounds` rounds. Prints
// for each the median step, wall and processor time of all ranks, the median of its ratio to "after" of the
// same round, and the bytes of moments of the rank that has most.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "worker/train/batch_gradient.h"
#include "worker/train/random_bits.h"
#include "worker/train/sharded_optimizer.h"
#include "worker/train/slow_link_testing.h"

namespace bonsai {
namespace {

using Flags = std::map<std::string, int64_t>;

bool ParseFlags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = std::min(argument.find('='), argument.size());
    const auto found =
        flags.find(argument.substr(std::min<size_t>(2, equals), equals - std::min<size_t>(2, equals)));
    if (found == flags.end() ||
        !absl::SimpleAtoi(argument.substr(std::min(equals + 1, argument.size())), &found->second)) {
      std::fprintf(stderr, "data_parallel_bench: %s; see the top of data_parallel_bench.cc\n", argv[i]);
      return false;
    }
  }
  return true;
}

struct Variant {
  const char* name;
  bool overlap, shard;
};
constexpr Variant kVariants[] = {{"after", false, false},
                                 {"overlap", true, false},
                                 {"shards, after", false, true},
                                 {"shards, overlap", true, true}};

class RandomRows final : public BatchSource {
 public:
  RandomRows(int64_t rows, int64_t positions, int64_t vocab)
      : rows_(rows), positions_(positions), vocab_(static_cast<uint64_t>(vocab)) {}

  Size SizeOf(uint64_t) override {
    const uint64_t count = static_cast<uint64_t>(rows_ * positions_);
    return {rows_, count, count};
  }
  absl::Status Fill(uint64_t step, int64_t first, int64_t rows, RowBuffer* buffer) override {
    buffer->rows = rows;
    buffer->positions = positions_;
    buffer->tokens.resize(static_cast<size_t>(rows * positions_));
    for (size_t i = 0; i < buffer->tokens.size(); ++i) {
      const uint64_t place = static_cast<uint64_t>(first * positions_) + i;
      buffer->tokens[i] = static_cast<int32_t>(RandomBits(step, place) % vocab_);
    }
    buffer->targets = buffer->tokens;
    return absl::OkStatus();
  }

 private:
  const int64_t rows_, positions_;
  const uint64_t vocab_;
};

double Seconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// A rank of one variant: all that a training run holds for its steps.
class Trainee {
 public:
  Trainee(RankGroup& group, const Variant& variant, const ParameterLayout& layout, const Flags& flags)
      : group_(group, variant.overlap, 1e6 * static_cast<double>(flags.at("link"))),
        plan_(PlanOf(variant, flags)),
        optimizer_(group_, layout, plan_, static_cast<int>(flags.at("threads"))),
        gradients_(group_, layout, plan_, static_cast<int>(flags.at("threads")), optimizer_.shards()),
        rows_(flags.at("rows"), flags.at("positions"), flags.at("vocab")),
        parameters_(layout.size()),
        gradient_(layout.size()) {
    InitializeParameters(layout, 1, absl::MakeSpan(parameters_));
    gradients_.Load(parameters_);
  }

  bool TakeStep() {
    const auto loss = gradients_.Compute(rows_, step_, absl::MakeSpan(gradient_));
    if (!loss.ok()) return Complain(loss.status());
    const auto norm = optimizer_.Norm(gradient_);
    if (!norm.ok()) return Complain(norm.status());
    const absl::Status status =
        optimizer_.Apply(++step_, 1e-4f, *norm, gradient_, absl::MakeSpan(parameters_));
    if (!status.ok()) return Complain(status);
    gradients_.Load(parameters_);
    return true;
  }

  size_t moment_bytes() const { return 2 * sizeof(float) * optimizer_.moment1().size(); }

 private:
  static TrainingPlan PlanOf(const Variant& variant, const Flags& flags) {
    TrainingPlan plan;
    plan.shard_optimizer = variant.shard;
    plan.optimizer.set_learning_rate(1e-4f);
    plan.optimizer.set_clip_norm(1);
    if (flags.at("muon") > 1) plan.optimizer.mutable_muon()->set_learning_rate(1e-4f);
    if (flags.at("bf16") > 1) plan.precision = v1::BF16;
    return plan;
  }
  static bool Complain(const absl::Status& status) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return false;
  }

  LinkedGroup group_;
  const TrainingPlan plan_;
  ShardedOptimizer optimizer_;
  BatchGradient gradients_;
  RandomRows rows_;
  std::vector<float> parameters_, gradient_;
  uint64_t step_ = 0;
};

struct Figures {
  std::vector<double> wall, processor;  // by round, seconds of a step
  size_t moment_bytes = 0;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double MedianRatio(const std::vector<double>& values, const std::vector<double>& base) {
  std::vector<double> ratios(values.size());
  for (size_t i = 0; i < values.size(); ++i) ratios[i] = values[i] / base[i];
  return Median(ratios);
}

// What one rank does; rank 0 fills in the figures.
bool RunRank(RankGroup& group, const ParameterLayout& layout, const Flags& flags,
             std::vector<Figures>& figures) {
  std::vector<std::unique_ptr<Trainee>> trainees;
  std::vector<double> bytes(std::size(kVariants) * static_cast<size_t>(group.ranks()));
  for (const Variant& variant : kVariants) {
    trainees.push_back(std::make_unique<Trainee>(group, variant, layout, flags));
    if (!trainees.back()->TakeStep()) return false;  // makes products and buffers
    const size_t at = (trainees.size() - 1) * static_cast<size_t>(group.ranks());
    bytes[at + static_cast<size_t>(group.rank())] = static_cast<double>(trainees.back()->moment_bytes());
  }
  if (!group.Sum(absl::MakeSpan(bytes)).ok()) return false;
  for (int64_t round = 0; round < flags.at("rounds"); ++round) {
    for (size_t turn = 0; turn < trainees.size(); ++turn) {
      const size_t which = (turn + static_cast<size_t>(round)) % trainees.size();
      std::vector<double> word = {1};
      if (!group.Sum(absl::MakeSpan(word)).ok()) return false;  // begin together
      const double wall = Seconds(CLOCK_MONOTONIC), processor = Seconds(CLOCK_PROCESS_CPUTIME_ID);
      for (int64_t step = 0; step < flags.at("steps"); ++step) {
        if (!trainees[which]->TakeStep()) return false;
      }
      if (!group.Sum(absl::MakeSpan(word)).ok()) return false;
      if (group.rank() != 0) continue;
      const double steps = static_cast<double>(flags.at("steps"));
      figures[which].wall.push_back((Seconds(CLOCK_MONOTONIC) - wall) / steps);
      figures[which].processor.push_back((Seconds(CLOCK_PROCESS_CPUTIME_ID) - processor) / steps);
    }
  }
  for (size_t i = 0; group.rank() == 0 && i < trainees.size(); ++i) {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(i) * group.ranks();
    figures[i].moment_bytes = static_cast<size_t>(*std::max_element(first, first + group.ranks()));
  }
  return true;
}

int Main(int argc, char** argv) {
  Flags flags = {{"ranks", 2},  {"threads", 1}, {"rounds", 9},   {"steps", 3},     {"dim", 288},
                 {"layers", 6}, {"heads", 6},   {"hidden", 768}, {"vocab", 32000}, {"positions", 256},
                 {"rows", 8},   {"muon", 1},    {"bf16", 1},     {"link", 0}};
  if (!ParseFlags(argc, argv, flags)) return 1;
  edge::ModelConfig config;
  config.dim = static_cast<int32_t>(flags["dim"]);
  config.hidden_dim = static_cast<int32_t>(flags["hidden"]);
  config.layers = static_cast<int32_t>(flags["layers"]);
  config.heads = config.kv_heads = static_cast<int32_t>(flags["heads"]);
  config.head_dim = config.dim / std::max(1, config.heads);
  config.vocab_size = static_cast<int32_t>(flags["vocab"]);
  config.max_seq_len = static_cast<int32_t>(flags["positions"]);
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(config);
  std::string folder = (std::filesystem::temp_directory_path() / "data_parallel.XXXXXX").string();
  if (!layout.ok() || mkdtemp(folder.data()) == nullptr) {
    std::fprintf(stderr, "data_parallel_bench: %s\n", std::string(layout.status().message()).c_str());
    return 1;
  }
  std::vector<Figures> figures(std::size(kVariants));
  std::vector<std::thread> threads;
  std::atomic<bool> ok = true;
  const uint32_t ranks = static_cast<uint32_t>(flags["ranks"]);
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      v1::Task task;
      task.set_rank(rank);
      task.set_ranks(ranks);
      task.set_rendezvous_dir(folder);
      const auto group = RankGroup::Join(task, absl::Minutes(2));
      if (!group.ok() || !RunRank(**group, *layout, flags, figures)) ok = false;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::filesystem::remove_all(folder);
  if (!ok) return 1;
  std::printf(
      "%u ranks x %d threads, %lld parameters, link %lld MB/s (0: loopback), %zu rounds of %d steps\n", ranks,
      static_cast<int>(flags["threads"]), static_cast<long long>(layout->size()),
      static_cast<long long>(flags["link"]), figures[0].wall.size(), static_cast<int>(flags["steps"]));
  for (size_t i = 0; i < figures.size(); ++i) {
    std::printf("  %-16s wall %7.1f ms (x %.3f)  processor %7.1f ms (x %.3f)  moments %.1f MB a rank\n",
                kVariants[i].name, 1e3 * Median(figures[i].wall),
                MedianRatio(figures[i].wall, figures[0].wall), 1e3 * Median(figures[i].processor),
                MedianRatio(figures[i].processor, figures[0].processor),
                1e-6 * static_cast<double>(figures[i].moment_bytes));
  }
  return 0;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Main(argc, argv); }
