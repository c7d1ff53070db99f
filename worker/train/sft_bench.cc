// What packing and low-rank adapters do for fine-tuning: the same steps over real instructions, one variant
// after the other, again and again, so that whatever else the machine does meets all of them.
//
//   bazel run //worker/train:sft_bench -- --alpaca=FILE.json --tokenizer=tokenizer.model --dim=288 --layers=6
//       --heads=6 --hidden=768 --positions=512 --batch=32 --steps=4 --pairs=5 --rank=8 --threads=1
//       --instructions=4000 --bf16=0 --parts=0
//
// Prints for each variant the medians of processor seconds per 1,000 instructions and of tokens (padding not
// counted) per processor second, the share of positions that hold a token, and the medians over the pairs of
// its processor time relative to the first variant's; then what is trained, kept and written.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "worker/train/batch_gradient.h"
#include "worker/train/instruction_source.h"
#include "worker/train/optimizer.h"

namespace bonsai {
namespace {

struct Flags {
  std::map<std::string, uint32_t> numbers = {
      {"dim", 288},  {"layers", 6}, {"heads", 6},          {"hidden", 768}, {"positions", 512},
      {"batch", 32}, {"steps", 4},  {"pairs", 5},          {"rank", 8},     {"threads", 1},
      {"bf16", 0},   {"parts", 0},  {"instructions", 4000}};
  std::map<std::string, std::string> files = {{"alpaca", ""}, {"tokenizer", ""}};
};

bool ParseFlags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = std::min(argument.find('='), argument.size() - 1);
    const std::string name =
        argument.substr(std::min<size_t>(2, equals), equals - std::min<size_t>(2, equals));
    const auto number = flags.numbers.find(name);
    const auto file = flags.files.find(name);
    if (file != flags.files.end()) {
      file->second = argument.substr(equals + 1);
    } else if (number == flags.numbers.end() ||
               !absl::SimpleAtoi(argument.substr(equals + 1), &number->second)) {
      std::fprintf(stderr, "sft_bench: %s is not known, see the head of sft_bench.cc\n", argument.c_str());
      return false;
    }
  }
  return true;
}

double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// `count` instructions from all over the file: those of a whole one take a minute to encode.
absl::Status ReadAlpaca(const std::string& path, size_t count, const edge::Tokenizer& tokenizer,
                        std::vector<InstructionSource*> sources) {
  std::string error;
  const auto file = edge::MappedFile::Open(path, &error);
  if (file == nullptr) return absl::NotFoundError(error);
  const auto json = edge::JsonValue::Parse(file->text(), &error);
  if (!json) return absl::InvalidArgumentError(absl::StrCat(path, ": ", error));
  const size_t all = json->items().size(), taken = std::min(count, all);
  for (size_t i = 0; i < taken; ++i) {
    const edge::JsonValue& record = json->items()[i * all / taken];
    v1::Instruction one;
    if (const auto* value = record.Find("instruction")) one.set_instruction(value->string());
    if (const auto* value = record.Find("input")) one.set_input(value->string());
    if (const auto* value = record.Find("output")) one.set_output(value->string());
    for (InstructionSource* source : sources) {
      if (absl::Status status = source->Add(one, tokenizer); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

// One way to take the same steps.
struct Variant {
  std::string name;
  InstructionSource* source;
  std::unique_ptr<LowRankModel> low_rank;
  const ParameterLayout* layout;
  std::vector<float> parameters, gradient;
  std::unique_ptr<BatchGradient> batch_gradient;
  std::unique_ptr<Optimizer> optimizer;
  std::vector<double> seconds;  // of each pair

  void TakeStep(uint64_t step) {
    const double before = ProcessorSeconds();
    batch_gradient->Load(parameters);
    (void)batch_gradient->Compute(*source, step, absl::MakeSpan(gradient));
    optimizer->Apply(step + 1, 1e-5f, optimizer->Norm(gradient), gradient, absl::MakeSpan(parameters));
    seconds.back() += ProcessorSeconds() - before;
  }
};

Variant MakeVariant(const std::string& name, InstructionSource& source, const ParameterLayout& model,
                    uint32_t rank, RankGroup& group, const TrainingPlan& plan, int threads) {
  Variant variant;
  variant.name = name;
  variant.source = &source;
  std::vector<float> initial(model.size());
  InitializeParameters(model, 1, absl::MakeSpan(initial));
  variant.layout = &model;
  if (rank > 0) {
    const LowRankShape shape = {rank, 2.0f * static_cast<float>(rank)};
    variant.low_rank = std::make_unique<LowRankModel>(model, std::move(initial), shape, threads);
    variant.layout = &variant.low_rank->layout();
    initial.resize(variant.layout->size());
    variant.low_rank->Initialize(1, absl::MakeSpan(initial));
  }
  variant.parameters = std::move(initial);
  variant.gradient.resize(variant.layout->size());
  variant.batch_gradient =
      std::make_unique<BatchGradient>(group, *variant.layout, plan, threads, nullptr, variant.low_rank.get());
  variant.optimizer = std::make_unique<Optimizer>(*variant.layout, SelectKernels(), plan.optimizer, threads);
  return variant;
}

// {tokens, positions} of the first steps.
std::pair<double, double> Read(InstructionSource& source, uint64_t steps) {
  double tokens = 0, positions = 0;
  RowBuffer rows;
  for (uint64_t step = 0; step < steps; ++step) {
    const BatchSource::Size size = source.SizeOf(step);
    (void)source.Fill(step, 0, size.rows, &rows);
    tokens += static_cast<double>(size.tokens);
    positions += static_cast<double>(rows.tokens.size());
  }
  return {tokens, positions};
}

void Print(const std::vector<Variant>& variants, const Flags& flags) {
  const double instructions = flags.numbers.at("batch") * flags.numbers.at("steps");
  const uint64_t steps = uint64_t{flags.numbers.at("steps")} * flags.numbers.at("pairs");
  for (const Variant& variant : variants) {
    std::vector<double> ratios;
    for (size_t i = 0; i < variant.seconds.size(); ++i) {
      ratios.push_back(variant.seconds[i] / variants[0].seconds[i]);
    }
    const auto [tokens, positions] = Read(*variant.source, steps);
    const double seconds = Median(variant.seconds);
    std::printf("%-14s %7.2f s per 1000 instructions, %6.0f tokens/s, %4.1f %% filled, time x %.3f\n",
                variant.name.c_str(), seconds / instructions * 1000,
                tokens / static_cast<double>(flags.numbers.at("pairs")) / seconds, 100 * tokens / positions,
                Median(ratios));
  }
  for (const Variant& variant : variants) {
    const long long size = variant.layout->size();
    std::printf("%-14s trains %lld values: moments %lld bytes, a checkpoint %lld bytes\n",
                variant.name.c_str(), size, 8 * size, 12 * size);
  }
}

absl::Status Run(const Flags& flags) {
  std::string error;
  const auto file = edge::MappedFile::Open(flags.files.at("tokenizer"), &error);
  if (file == nullptr) return absl::NotFoundError(error);
  const auto tokenizer = edge::Tokenizer::Parse(file->bytes(), &error);
  if (tokenizer == nullptr) return absl::InvalidArgumentError(error);
  const auto number = [&](const char* name) { return static_cast<int32_t>(flags.numbers.at(name)); };
  edge::ModelConfig config;
  config.dim = number("dim");
  config.hidden_dim = number("hidden");
  config.layers = number("layers");
  config.heads = config.kv_heads = number("heads");
  config.head_dim = config.dim / std::max(1, config.heads);
  config.vocab_size = tokenizer->vocab_size();
  config.max_seq_len = number("positions");
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(config);
  if (!layout.ok()) return layout.status();

  InstructionShape shape = {.positions = flags.numbers.at("positions"),
                            .batch_sequences = flags.numbers.at("batch")};
  InstructionSource plain(shape);
  shape.pack_rows = true;
  shape.rows_multiple = 4;
  InstructionSource packed(shape);
  if (absl::Status s = ReadAlpaca(flags.files.at("alpaca"), flags.numbers.at("instructions"), *tokenizer,
                                  {&plain, &packed});
      !s.ok())
    return s;
  const auto group = RankGroup::Join(v1::Task(), absl::Seconds(1));
  if (!group.ok()) return group.status();
  TrainingPlan plan;
  plan.precision = flags.numbers.at("bf16") > 0 ? v1::BF16 : v1::F32;
  plan.gradient_parts = flags.numbers.at("parts");
  plan.optimizer.set_learning_rate(1e-5f);
  const int threads = number("threads");
  std::vector<Variant> variants;
  variants.push_back(MakeVariant("own rows", plain, *layout, 0, **group, plan, threads));
  variants.push_back(MakeVariant("packed", packed, *layout, 0, **group, plan, threads));
  const uint32_t rank = flags.numbers.at("rank");
  if (rank > 0) {
    variants.push_back(MakeVariant("packed, lora", packed, *layout, rank, **group, plan, threads));
  }
  for (uint64_t pair = 0; pair < flags.numbers.at("pairs"); ++pair) {
    for (Variant& variant : variants) variant.seconds.push_back(0);
    // By turns within a pair, too.
    for (uint64_t step = 0; step < flags.numbers.at("steps"); ++step) {
      for (Variant& variant : variants) variant.TakeStep(pair * flags.numbers.at("steps") + step);
    }
  }
  std::printf("%llu instructions, %lld parameters, %s, %d threads\n",
              static_cast<unsigned long long>(plain.instructions()), static_cast<long long>(layout->size()),
              SelectKernels().name, threads);
  Print(variants, flags);
  return absl::OkStatus();
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) {
  bonsai::Flags flags;
  if (!bonsai::ParseFlags(argc, argv, flags)) return 1;
  const absl::Status status = bonsai::Run(flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "sft_bench: %s\n", std::string(status.message()).c_str());
  return 1;
}
