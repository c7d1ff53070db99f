#include "worker/train/cuda/loss_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "worker/train/cuda/device_trial.h"
#include "worker/train/cuda/resident_model.h"
#include "worker/train/cuda/step_check.h"

namespace bonsai::cuda {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Rows of a batch, with the memory they lie in.
struct Rows {
  Rows(int64_t rows, int64_t positions) : tokens(rows * positions), targets(rows * positions) {
    batch = {rows, positions, tokens.data(), targets.data()};
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  // Row r begins at byte begins(r).
  template <typename Begins>
  void Fill(const std::string& text, const Begins& begins) {
    for (int64_t r = 0; r < batch.rows; ++r) {
      const size_t begin = begins(r);
      for (int64_t i = 0; i < batch.positions; ++i) {
        tokens[r * batch.positions + i] = static_cast<unsigned char>(text[begin + static_cast<size_t>(i)]);
        targets[r * batch.positions + i] =
            static_cast<unsigned char>(text[begin + static_cast<size_t>(i) + 1]);
      }
    }
  }

  std::vector<int32_t> tokens, targets;
  HostBatch batch;
};

UpdateScalars ScalarsAt(int update, float rate) {
  UpdateScalars scalars = {rate, 0.9f, 0.95f, 1e-8f, 0.1f, 1.0f, 0, 0, 0, 0.95f, 0.95f};
  scalars.bias1 = static_cast<float>(1 - std::pow(0.9, update));
  scalars.bias2 = static_cast<float>(1 - std::pow(0.95, update));
  return scalars;
}

// Warm-up over a hundredth of the time, then down to a tenth as a cosine: by time, as the speed is not known.
float RateAt(double share) {
  constexpr float kPeak = 1e-3f;
  if (share < 0.01) return kPeak * static_cast<float>(share / 0.01);
  return kPeak * static_cast<float>(0.55 + 0.45 * std::cos(share * 3.141592653589793));
}

}  // namespace

bool RunLoss(StepDevice& device, const LossRun& run) {
  const size_t positions = static_cast<size_t>(run.positions), held_out = run.text.size() / 10 * 9;
  if (run.text.size() < 20 * (positions + 1)) {
    std::printf("loss run: a text of %zu bytes is too short\n", run.text.size());
    return false;
  }
  ResidentOptions options;
  options.program.type = run.type;
  ResidentModel model(device, run.config, options);
  model.Load(InitialParameters(run.config, 1).data(), nullptr, nullptr);
  Rows validation(std::min<int64_t>(32, static_cast<int64_t>((run.text.size() - held_out) / (positions + 1))),
                  run.positions);
  validation.Fill(run.text, [&](int64_t r) { return held_out + static_cast<size_t>(r) * (positions + 1); });
  Rows rows[2] = {{run.rows, run.positions}, {run.rows, run.positions}};
  uint64_t state = 1;
  const auto draw = [&](int64_t) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % (held_out - positions - 1);
  };
  const double targets = static_cast<double>(run.rows * run.positions);
  const float scale = static_cast<float>(1.0 / targets);
  const auto bits = [&] {
    const double count = static_cast<double>(validation.batch.rows * run.positions);
    return model.Loss(validation.batch) / count / std::log(2.0);
  };
  const double before = bits();
  std::printf("loss run: %lld parameters, %zu bytes of text, held out %.4f bits/byte before the first step\n",
              static_cast<long long>(model.size()), run.text.size(), before);
  const Clock::time_point begin = Clock::now();
  double shown = 0;
  int update = 0;
  rows[0].Fill(run.text, draw);
  while (SecondsSince(begin) < run.seconds) {
    const int now = update++ % 2;
    model.ClearGradient();
    model.QueueGradient(rows[now].batch, scale);
    rows[1 - now].Fill(run.text, draw);  // while the device works
    model.Prepare(rows[1 - now].batch, scale);
    const double loss = model.TakeLoss() / targets, norm = model.GradientNorm();
    const double seconds = SecondsSince(begin);
    if (!std::isfinite(loss) || !std::isfinite(norm)) {
      std::printf("loss run: step %d: loss %f, gradient norm %f\n", update, loss, norm);
      return false;
    }
    model.Update(ScalarsAt(update, RateAt(seconds / run.seconds)));
    if (seconds < shown) continue;
    shown = seconds + run.seconds / 30;
    std::printf("%7.1f s  step %6d  loss %.4f nats  norm %.3f  %.0f tokens/s\n", seconds, update, loss, norm,
                targets * update / std::max(seconds, 1e-9));
    std::fflush(stdout);
  }
  const double after = bits();
  std::printf("loss run: held out %.4f bits/byte after %d steps\n", after, update);
  return std::isfinite(after) && after < before;
}

void BenchSteps(StepDevice& device, const StepBench& bench) {
  ResidentOptions options;
  options.program.type = CellType::kBf16;
  ResidentModel model(device, bench.config, options);
  model.Load(InitialParameters(bench.config, 1).data(), nullptr, nullptr);
  Rows rows(bench.rows, bench.positions);
  const std::vector<float> random = RandomValues(static_cast<int64_t>(rows.tokens.size()), 3);
  const float half = static_cast<float>(bench.config.vocab_size) / 2;
  for (size_t i = 0; i < rows.tokens.size(); ++i) {
    rows.tokens[i] = std::min(bench.config.vocab_size - 1, static_cast<int32_t>((random[i] + 1) * half));
    rows.targets[i] = rows.tokens[(i + 1) % rows.tokens.size()];
  }
  const double tokens = static_cast<double>(rows.tokens.size());
  const float scale = static_cast<float>(1.0 / tokens);
  std::vector<double> seconds;
  double loss = 0;
  for (int step = 1; step <= bench.warm_up + bench.steps; ++step) {
    const Clock::time_point begin = Clock::now();
    model.ClearGradient();
    model.QueueGradient(rows.batch, scale);
    model.Prepare(rows.batch, scale);
    loss = model.TakeLoss() / tokens;
    model.GradientNorm();
    model.Update(ScalarsAt(step, 1e-4f));
    device.Wait();
    if (step > bench.warm_up) seconds.push_back(SecondsSince(begin));
  }
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  const edge::ModelConfig& c = bench.config;
  const double flops = 6.0 * static_cast<double>(model.size()) + 12.0 * c.layers *
                                                                     double{static_cast<double>(c.dim)} *
                                                                     static_cast<double>(bench.positions);
  std::printf(
      "%-24s bonsai          %9.0f tokens/s  %6.2f ms/step  MFU %5.1f %%  (best %.2f ms, loss %.3f)\n",
      bench.name.c_str(), tokens / median, median * 1e3, 100 * flops * tokens / median / bench.peak_flops,
      seconds[0] * 1e3, loss);
  std::fflush(stdout);
}

}  // namespace bonsai::cuda
