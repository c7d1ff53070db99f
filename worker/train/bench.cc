// Tokens per second of a training step, for a shape:
//   bench --dim=128 --layers=4 --heads=4 --kv-heads=4 --hidden=352 --vocab=4096 --positions=256 --rows=16
//         --threads=1 --pass=512 --logits=256 --seconds=5 --muon=1 --bf16=1
//         --qk-norm=1 --relu-squared=1 --soft-cap=1 --layers-per-weights=1
// --muon=2 has Muon instead of AdamW, --bf16=2 products in bfloat16, --qk-norm=2 and --relu-squared=2 those
// options of the model, --soft-cap=30 that cap. Prints the best and the median step, per
// second of wall time and of processor time.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "worker/train/llama_step.h"
#include "worker/train/optimizer.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

using Flags = std::map<std::string, int64_t>;

bool ParseFlags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    int64_t value = 0;
    if (argument.rfind("--", 0) != 0 || equals == std::string::npos ||
        !flags.count(argument.substr(2, equals - 2)) ||
        !absl::SimpleAtoi(argument.substr(equals + 1), &value) || value < 1) {
      std::fprintf(stderr, "bench: %s; valid are --NAME=NUMBER with NAME one of", argument.c_str());
      for (const auto& [name, unused] : flags) std::fprintf(stderr, " %s", name.c_str());
      std::fprintf(stderr, "\n");
      return false;
    }
    flags[argument.substr(2, equals - 2)] = value;
  }
  return true;
}

edge::ModelConfig ConfigOf(const Flags& flags) {
  edge::ModelConfig config;
  config.dim = static_cast<int32_t>(flags.at("dim"));
  config.hidden_dim = static_cast<int32_t>(flags.at("hidden"));
  config.layers = static_cast<int32_t>(flags.at("layers"));
  config.heads = static_cast<int32_t>(flags.at("heads"));
  config.kv_heads = static_cast<int32_t>(flags.at("kv-heads"));
  config.head_dim = config.dim / config.heads;
  config.vocab_size = static_cast<int32_t>(flags.at("vocab"));
  config.max_seq_len = static_cast<int32_t>(flags.at("positions"));
  config.qk_norm = flags.at("qk-norm") > 1;
  if (flags.at("relu-squared") > 1) config.activation = edge::Activation::kReluSquared;
  if (flags.at("soft-cap") > 1) config.logit_soft_cap = static_cast<float>(flags.at("soft-cap"));
  config.layers_per_weights = static_cast<int32_t>(flags.at("layers-per-weights"));
  return config;
}

double Seconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Times {
  std::vector<double> wall, processor;
};

Times TimeSteps(const Flags& flags, const ParameterLayout& layout) {
  const int64_t rows = flags.at("rows"), positions = flags.at("positions"), count = rows * positions;
  std::vector<int32_t> tokens(count), targets(count);
  for (int64_t i = 0; i < count; ++i) {
    tokens[i] = static_cast<int32_t>(RandomBits(1, i) % flags.at("vocab"));
    targets[i] = static_cast<int32_t>(RandomBits(2, i) % flags.at("vocab"));
  }
  std::vector<float> parameters(layout.size()), gradient(layout.size());
  InitializeParameters(layout, 1, absl::MakeSpan(parameters));
  v1::Optimizer spec;
  spec.set_learning_rate(1e-4f);
  if (flags.at("muon") > 1) spec.mutable_muon()->set_learning_rate(1e-4f);
  Optimizer optimizer(layout, SelectKernels(), spec, static_cast<int>(flags.at("threads")));
  LlamaPassOptions options;
  options.pass_positions = flags.at("pass");
  options.logit_positions = flags.at("logits");
  if (flags.at("bf16") > 1) options.precision = v1::BF16;
  const std::unique_ptr<TrainStep> step =
      CreateLlamaStep(layout, SelectKernels(), static_cast<int>(flags.at("threads")), options);
  Times times;
  const double end = Seconds(CLOCK_MONOTONIC) + static_cast<double>(flags.at("seconds"));
  for (int update = 1; update < 4 || Seconds(CLOCK_MONOTONIC) < end; ++update) {
    const double wall = Seconds(CLOCK_MONOTONIC), processor = Seconds(CLOCK_PROCESS_CPUTIME_ID);
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    step->Load(parameters);
    step->AddGradient({rows, positions, tokens.data(), targets.data()}, 1.0f / static_cast<float>(count),
                      absl::MakeSpan(gradient));
    optimizer.Apply(update, 1e-4f, optimizer.Norm(gradient), gradient, absl::MakeSpan(parameters));
    times.wall.push_back(Seconds(CLOCK_MONOTONIC) - wall);
    times.processor.push_back(Seconds(CLOCK_PROCESS_CPUTIME_ID) - processor);
  }
  std::sort(times.wall.begin(), times.wall.end());
  std::sort(times.processor.begin(), times.processor.end());
  return times;
}

int Main(int argc, char** argv) {
  Flags flags = {{"dim", 128},        {"layers", 4},   {"heads", 4},
                 {"kv-heads", 4},     {"hidden", 352}, {"vocab", 4096},
                 {"positions", 256},  {"rows", 16},    {"threads", 1},
                 {"pass", 512},       {"logits", 256}, {"seconds", 5},
                 {"muon", 1},         {"bf16", 1},     {"qk-norm", 1},
                 {"relu-squared", 1}, {"soft-cap", 1}, {"layers-per-weights", 1}};
  if (!ParseFlags(argc, argv, flags)) return 1;
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(ConfigOf(flags));
  if (!layout.ok()) {
    std::fprintf(stderr, "bench: %s\n", std::string(layout.status().message()).c_str());
    return 1;
  }
  const Times times = TimeSteps(flags, *layout);
  const double tokens = static_cast<double>(flags["rows"] * flags["positions"]);
  // Kaplan et al. 2020: 6 N, and 12 layers x width x positions for attention (half of it for a causal mask).
  // Shared weights work once for each of their layers.
  edge::ModelConfig repeated = layout->config();
  repeated.layers_per_weights = 1;
  const double flops = 6.0 * static_cast<double>(edge::CountParameters(repeated)) +
                       6.0 * static_cast<double>(flags["layers"] * flags["dim"] * flags["positions"]);
  const double processor = times.processor[times.processor.size() / 2];
  std::printf("%s, %lld parameters, %zu steps of %.0f tokens\n", SelectKernels().name,
              static_cast<long long>(layout->size()), times.wall.size(), tokens);
  std::printf("wall:      best %.0f, median %.0f tokens/s\n", tokens / times.wall[0],
              tokens / times.wall[times.wall.size() / 2]);
  std::printf("processor: best %.0f, median %.0f tokens/s (median %.1f GFLOP/s)\n",
              tokens / times.processor[0], tokens / processor, tokens * flops / processor * 1e-9);
  return 0;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Main(argc, argv); }
