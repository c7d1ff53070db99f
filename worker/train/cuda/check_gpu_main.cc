// Checks the GPU backend on a machine with a GPU, and shows what it does there:
//   check_gpu --check                 every operation and whole steps against plain loops on the CPU
//   check_gpu --loss=300 --text=FILE  trains a byte model on a text for so many seconds
//   check_gpu --bench                 tokens/s and MFU of the 124M and 350M shapes, 1,024 positions, bfloat16
// --device=host has the plain loops in the GPU's place, to try the program where there is none. Exit status:
// 0 all passed, 1 something failed, 2 usage, 3 no GPU.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "worker/train/cuda/cuda_device.h"
#include "worker/train/cuda/device_check.h"
#include "worker/train/cuda/host_device.h"
#include "worker/train/cuda/loss_run.h"
#include "worker/train/cuda/peak_flops.h"
#include "worker/train/cuda/step_check.h"
#if defined(BONSAI_NCCL)
#include "worker/train/cuda/nccl_reducer.h"
#endif

namespace bonsai::cuda {
namespace {

using Flags = std::map<std::string, std::string>;

bool ParseFlags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (flags.count(name) == 0) {
      std::fprintf(stderr, "check_gpu: unknown %s; valid are", argument.c_str());
      for (const auto& [valid, value] : flags) std::fprintf(stderr, " %s", valid.c_str());
      std::fprintf(stderr, "\n");
      return false;
    }
    flags[name] = equals == std::string::npos ? "1" : argument.substr(equals + 1);
  }
  return true;
}

// NCCL's sums, where this program has NCCL and a GPU; of one rank, as there is one process.
std::vector<CheckResult> CheckSums([[maybe_unused]] StepDevice& device) {
#if defined(BONSAI_NCCL)
  std::string why;
  const std::string id = device.stream() == nullptr ? "" : MakeNcclId(&why);
  const std::unique_ptr<GradientReducer> reducer =
      id.empty() ? nullptr : CreateNcclReducer(device, id, 0, 1, &why);
  if (reducer != nullptr) return {CheckLoneReducer(device, *reducer)};
  if (!why.empty()) return {{"NCCL: " + why, 1, 0}};
#endif
  std::printf("     NCCL: not checked\n");
  return {};
}

bool Check(StepDevice& device) {
  int failed = 0, count = 0;
  for (const auto& check : {CheckOperations, CheckSteps, CheckSums}) {
    for (const CheckResult& result : check(device)) {
      ++count;
      failed += !result.passed();
      std::printf("%s %-52s %.2e (at most %.0e)\n", result.passed() ? "ok  " : "FAIL", result.name.c_str(),
                  result.error, result.tolerance);
    }
  }
  std::printf("check: %d of %d failed\n", failed, count);
  return failed == 0;
}

edge::ModelConfig ConfigOf(int32_t dim, int32_t hidden, int32_t layers, int32_t heads, int32_t vocab,
                           int32_t positions) {
  edge::ModelConfig config;
  config.dim = dim;
  config.hidden_dim = hidden;
  config.layers = layers;
  config.heads = config.kv_heads = heads;
  config.head_dim = dim / heads;
  config.vocab_size = vocab;
  config.max_seq_len = positions;
  return config;
}

bool Train(StepDevice& device, const Flags& flags) {
  std::ifstream file(flags.at("--text"), std::ios::binary);
  LossRun run;
  run.text.assign(std::istreambuf_iterator<char>(file), {});
  run.seconds = std::atof(flags.at("--loss").c_str());
  const bool host = flags.at("--device") == "host";
  run.positions = host ? 32 : 512;
  run.rows = host ? 2 : 64;
  run.config = host ? ConfigOf(32, 96, 2, 2, 256, 32) : ConfigOf(512, 1408, 8, 8, 256, 512);
  return RunLoss(device, run);
}

void Bench(StepDevice& device, const std::string& name) {
  const double measured = MeasureProductFlops(device), peak = PeakFlops(device, name);
  std::printf("product 8192^3 bf16: %.0f TFLOP/s here; MFU is of %.0f TFLOP/s\n", measured * 1e-12,
              peak * 1e-12);
  StepBench bench;
  bench.peak_flops = peak;
  bench.name = "124M, 32 x 1024";
  bench.config = ConfigOf(768, 2048, 12, 12, 50304, 1024);
  BenchSteps(device, bench);
  bench.name = "350M, 32 x 1024";
  bench.config = ConfigOf(1024, 2816, 24, 16, 50304, 1024);
  BenchSteps(device, bench);
}

int Main(int argc, char** argv) {
  Flags flags = {{"--check", ""}, {"--loss", ""},      {"--text", ""},
                 {"--bench", ""}, {"--device", "gpu"}, {"--graphs", "1"}};
  if (!ParseFlags(argc, argv, flags)) return 2;
  CudaDeviceFacts facts;
  std::string why;
  std::unique_ptr<StepDevice> device;
  if (flags["--device"] == "host") {
    device = CreateHostDevice();
  } else if (FindCudaDevice("", &facts, &why)) {
    device = CreateCudaDevice(facts, flags["--graphs"] != "0", &why);
  }
  if (device == nullptr) {
    std::printf("no GPU: built, not run (%s)\n", why.c_str());
    return 3;
  }
  std::printf("%s, %d multiprocessors\n", facts.name.empty() ? "plain loops" : facts.name.c_str(),
              facts.multiprocessors);
  bool passed = true;
  if (!flags["--check"].empty()) passed &= Check(*device);
  if (!flags["--loss"].empty()) passed &= Train(*device, flags);
  if (!flags["--bench"].empty()) Bench(*device, facts.name);
  return passed ? 0 : 1;
}

}  // namespace
}  // namespace bonsai::cuda

int main(int argc, char** argv) { return bonsai::cuda::Main(argc, argv); }
