#include "worker/train/cuda/device_check.h"

#include <functional>
#include <utility>

#include "worker/train/cuda/device_trial.h"
#include "worker/train/cuda/host_device.h"
#include "worker/train/cuda/scatter_order.h"
#include "worker/train/cuda/update_trial.h"

namespace bonsai::cuda {
namespace {

constexpr CellType kTypes[] = {CellType::kF32, CellType::kBf16};

// Sums in another order, and exp to some 1e-6; or one rounding to bfloat16 that may fall the other way.
double ToleranceOf(CellType type) { return type == CellType::kF32 ? 1e-5 : 4e-3; }

class Checker {
 public:
  explicit Checker(StepDevice& device) : device_(device), oracle_(CreateHostDevice()) {}

  // check(trial) prepares buffers and returns the operation.
  void Check(const std::string& name, CellType type, double slack,
             const std::function<std::function<void(StepDevice&)>(DeviceTrial&)>& prepare) {
    DeviceTrial trial(device_, *oracle_);
    const std::function<void(StepDevice&)> operation = prepare(trial);
    const std::string label = name + (type == CellType::kF32 ? " f32" : " bf16");
    results_.push_back({label, trial.Run(operation), slack * ToleranceOf(type)});
  }

  std::vector<CheckResult> Take() { return std::move(results_); }

 private:
  StepDevice& device_;
  const std::unique_ptr<StepDevice> oracle_;
  std::vector<CheckResult> results_;
};

void CheckProducts(Checker& checker, CellType type) {
  for (int form = 0; form < 8; ++form) {
    const bool a_turned = form & 1, b_turned = form & 2, to_f32 = form & 4;
    const std::string name = std::string("product ") + (a_turned ? "T" : "N") + (b_turned ? "T" : "N") +
                             (to_f32 ? " into f32" : "");
    checker.Check(name, type, 1, [=](DeviceTrial& trial) {
      const int64_t m = 40, n = 72, k = 56, batch = 2;
      const int a = trial.AddRandom(type, batch * m * k), b = trial.AddRandom(type, batch * k * n);
      const int c = trial.AddRandom(to_f32 ? CellType::kF32 : type, batch * m * (n + 8));
      return [=, &trial](StepDevice& device) {
        device.Multiply({.m = m,
                         .n = n,
                         .k = k,
                         .a = {trial.At(a), a_turned ? m : k, a_turned, m * k},
                         .b = {trial.At(b), b_turned ? k : n, b_turned, k * n},
                         .c = {trial.At(c), n + 8, false, m * (n + 8)},
                         .alpha = 0.5f,
                         .beta = to_f32 ? 1.0f : 0.0f,
                         .batch = batch});
      };
    });
  }
}

void CheckNorms(Checker& checker, CellType type, int64_t dim) {
  const int64_t rows = 37;
  for (const bool fused : {false, true}) {
    checker.Check(fused ? "residual + norm" : "norm", type, 1, [=](DeviceTrial& trial) {
      const int x = trial.AddRandom(CellType::kF32, rows * dim), delta = trial.AddRandom(type, rows * dim);
      const int sum = trial.AddRandom(CellType::kF32, rows * dim), y = trial.AddRandom(type, rows * dim);
      const int w = trial.AddRandom(CellType::kF32, dim), scale = trial.AddRandom(CellType::kF32, rows);
      return [=, &trial](StepDevice& device) {
        device.Norm({rows, dim, 1e-5f, trial.F32(x), fused ? trial.At(delta) : Cells{nullptr, type},
                     trial.F32(sum), trial.F32(w), trial.At(y), trial.F32(scale)});
      };
    });
    checker.Check(fused ? "norm gradient, added" : "norm gradient", type, 1, [=](DeviceTrial& trial) {
      const int dy = trial.AddRandom(type, rows * dim), x = trial.AddRandom(CellType::kF32, rows * dim);
      const int w = trial.AddRandom(CellType::kF32, dim), scale = trial.AddRandom(CellType::kF32, rows);
      const int dx = trial.AddRandom(CellType::kF32, rows * dim), copy = trial.AddRandom(type, rows * dim);
      const int dw = trial.AddRandom(CellType::kF32, dim);
      const int partial = trial.Other(std::vector<float>(kNormBlocks * dim));
      return [=, &trial](StepDevice& device) {
        device.NormGradient({rows, dim, trial.At(dy), trial.F32(x), trial.F32(w), trial.F32(scale), fused,
                             trial.F32(dx), trial.At(copy), trial.OtherAt<float>(partial), trial.F32(dw)});
      };
    });
  }
}

void CheckElements(Checker& checker, CellType type) {
  const int64_t rows = 22, positions = 11, heads = 3, width = 48, stride = 4 * width, hidden = 40;
  for (const float sign : {1.0f, -1.0f}) {
    checker.Check(sign > 0 ? "rotate" : "rotate back", type, 1, [=](DeviceTrial& trial) {
      const int x = trial.AddRandom(type, rows * stride);
      const int cosine = trial.AddRandom(CellType::kF32, positions * width / 2);
      const int sine = trial.AddRandom(CellType::kF32, positions * width / 2);
      return [=, &trial](StepDevice& device) {
        device.Rotate(trial.At(x), rows, stride, heads, width, positions, trial.F32(cosine), trial.F32(sine),
                      sign);
      };
    });
  }
  checker.Check("swiglu", type, 1, [=](DeviceTrial& trial) {
    const int in = trial.AddRandom(type, rows * 2 * hidden), out = trial.AddRandom(type, rows * hidden);
    return [=, &trial](StepDevice& device) { device.Swiglu(trial.At(in), rows, hidden, trial.At(out)); };
  });
  checker.Check("swiglu gradient", type, 1, [=](DeviceTrial& trial) {
    const int in = trial.AddRandom(type, rows * 2 * hidden), out = trial.AddRandom(type, rows * hidden);
    return
        [=, &trial](StepDevice& device) { device.SwigluGradient(trial.At(in), trial.At(out), rows, hidden); };
  });
}

// Whole and cut tiles, shared and own keys, widths with tiles and without.
void CheckAttention(Checker& checker, CellType type) {
  for (const AttentionSizes& sizes :
       {AttentionSizes{2, 70, 4, 2, 16}, AttentionSizes{1, 64, 2, 2, 64}, AttentionSizes{1, 129, 2, 1, 32},
        AttentionSizes{1, 100, 1, 1, 128}, AttentionSizes{1, 40, 1, 1, 112}, AttentionSizes{1, 33, 1, 1, 48},
        AttentionSizes{1, 65, 2, 2, 80}, AttentionSizes{1, 1, 2, 1, 96}}) {
    const int64_t n = sizes.rows * sizes.positions;
    const std::string name = "attention T" + std::to_string(sizes.positions) + " width " +
                             std::to_string(sizes.head_dim) + (sizes.heads > sizes.kv_heads ? " shared" : "");
    // The tiles round probabilities to bfloat16, the oracle does not.
    checker.Check(name, type, 2, [=](DeviceTrial& trial) {
      std::vector<float> values = RandomValues(n * sizes.qkv_width(), 3);
      for (float& value : values) value *= 2.0f;  // so that a softmax is not flat
      const int qkv = trial.Add(type, values), out = trial.AddRandom(type, n * sizes.out_width());
      const int log_sum = trial.AddRandom(CellType::kF32, n * sizes.heads);
      return [=, &trial](StepDevice& device) {
        device.Attend(sizes, trial.At(qkv), trial.At(out), trial.F32(log_sum));
      };
    });
    checker.Check(name + " gradient", type, 3, [=](DeviceTrial& trial) {
      std::vector<float> values = RandomValues(n * sizes.qkv_width(), 4);
      for (float& value : values) value *= 2.0f;
      const int qkv = trial.Add(type, values), out = trial.AddRandom(type, n * sizes.out_width());
      const int log_sum = trial.AddRandom(CellType::kF32, n * sizes.heads);
      const int d_out = trial.AddRandom(type, n * sizes.out_width());
      const int d_qkv = trial.AddRandom(type, n * sizes.qkv_width());
      const int dot = trial.Other(std::vector<float>(n * sizes.heads));
      return [=, &trial](StepDevice& device) {
        device.Attend(sizes, trial.At(qkv), trial.At(out), trial.F32(log_sum));
        device.AttendGradient(sizes, trial.At(qkv), trial.At(out), trial.F32(log_sum), trial.At(d_out),
                              trial.OtherAt<float>(dot), trial.At(d_qkv));
      };
    });
  }
}

void CheckCrossEntropy(Checker& checker, CellType type) {
  // Registers of small and of large blocks, and none.
  for (const int64_t cols : {61, 3000, 9001, 40003, 70000}) {
    for (const bool gradient : {false, true}) {
      const std::string name =
          (gradient ? "cross-entropy gradient " : "cross-entropy ") + std::to_string(cols);
      checker.Check(name, type, 2, [=](DeviceTrial& trial) {
        const int64_t rows = 3, stride = (cols + 127) / 128 * 128;
        std::vector<float> values = RandomValues(rows * stride, 5);
        for (int64_t i = 0; i < rows * stride; ++i) values[i] = i % stride < cols ? 6.0f * values[i] : 0.0f;
        const int logits = trial.Add(type, values), losses = trial.AddRandom(CellType::kF32, rows);
        const int targets = trial.Other(
            std::vector<int32_t>{static_cast<int32_t>(cols) - 1, -1, static_cast<int32_t>(cols) / 3});
        const int scalars = trial.Other(std::vector<StepScalars>{{0.3f, 0.02f}});
        return [=, &trial](StepDevice& device) {
          device.CrossEntropy(trial.At(logits), stride, trial.OtherAt<int32_t>(targets), rows, cols,
                              trial.OtherAt<StepScalars>(scalars), gradient, trial.F32(losses));
        };
      });
    }
  }
}

void CheckRows(Checker& checker) {
  // One token often (several pieces), some once, most never.
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 150; ++i) tokens.push_back(i % 2 == 0 ? 7 : i % 5 == 0 ? 3 : i % 61);
  const int64_t rows = static_cast<int64_t>(tokens.size()), dim = 40, vocab = 61;
  checker.Check("gather", CellType::kF32, 0, [=](DeviceTrial& trial) {
    const int table = trial.AddRandom(CellType::kF32, vocab * dim);
    const int out = trial.AddRandom(CellType::kF32, rows * dim), ids = trial.Other(tokens);
    return [=, &trial](StepDevice& device) {
      device.Gather(trial.OtherAt<int32_t>(ids), rows, dim, trial.F32(table), trial.F32(out));
    };
  });
  checker.Check("scatter", CellType::kF32, 1, [=](DeviceTrial& trial) {
    std::vector<int32_t> words(ScatterOrder::Words(rows));
    ScatterOrder(vocab).Fill(tokens.data(), rows, words.data());
    const int table = trial.AddRandom(CellType::kF32, vocab * dim);
    const int from = trial.AddRandom(CellType::kF32, rows * dim), plan = trial.Other(words);
    const int partial = trial.Other(std::vector<float>(ScatterPlan::SlotsMax(rows) * dim));
    return [=, &trial](StepDevice& device) {
      device.ScatterAdd(ScatterOrder::PlanAt(trial.OtherAt<int32_t>(plan), rows), dim, trial.F32(from),
                        trial.OtherAt<float>(partial), trial.F32(table));
    };
  });
}

void CheckSums(Checker& checker) {
  for (const bool squares : {false, true}) {
    checker.Check(squares ? "sum of squares" : "sum", CellType::kF32, 1, [=](DeviceTrial& trial) {
      std::vector<float> values = RandomValues(100003, 8);
      for (float& value : values) value += 0.5f;
      const int x = trial.Add(CellType::kF32, values);
      // A double as two floats: its upper half says whether it is right, to 2^-20.
      const int total = trial.AddRandom(CellType::kF32, 8);
      const int partial = trial.Other(std::vector<double>(kSumBlocks)),
                result = trial.Other(std::vector<double>(1));
      return [=, &trial](StepDevice& device) {
        double* const to = trial.OtherAt<double>(result);
        squares ? device.SumSquares(trial.F32(x), 100003, trial.OtherAt<double>(partial), to)
                : device.Sum(trial.F32(x), 100003, trial.OtherAt<double>(partial), to);
        double sum = 0;
        device.CopyOut(&sum, to, sizeof(sum));
        const float rounded[8] = {static_cast<float>(sum)};
        device.CopyIn(trial.F32(total), rounded, sizeof(rounded));
      };
    });
  }
  checker.Check("pack", CellType::kBf16, 0, [=](DeviceTrial& trial) {
    const int x = trial.AddRandom(CellType::kF32, 1003), y = trial.AddRandom(CellType::kBf16, 1003);
    return [=, &trial](StepDevice& device) {
      device.Pack(trial.F32(x), 1003, static_cast<Bf16*>(trial.At(y).data));
    };
  });
}

void CheckUpdates(Checker& checker, CellType type) {
  checker.Check("adamw", CellType::kF32, 1, [=](DeviceTrial& trial) {
    const int64_t size = 9001;
    const UpdateTrial update(trial, size, type == CellType::kBf16);
    const int chunks = trial.Other(std::vector<UpdateChunk>{{0, 4096, 1}, {4096, 4096, 0}, {8192, 809, 1}});
    return [=, &trial](StepDevice& device) {
      device.Adamw(update.At(trial), trial.OtherAt<UpdateChunk>(chunks), 3);
    };
  });
  for (const bool tall : {false, true}) {
    for (const bool rows_too : {false, true}) {
      const std::string name = std::string("muon ") + (tall ? "tall" : "wide") + (rows_too ? " rows" : "");
      checker.Check(name, type, 1, [=](DeviceTrial& trial) {
        MuonMatrices matrices = {.offset = 8, .stride = 40 * 72 + 16, .count = 2, .normalize_rows = rows_too};
        matrices.rows = tall ? 72 : 40;
        matrices.cols = tall ? 40 : 72;
        const UpdateTrial update(trial, 2 * matrices.stride + 8, type == CellType::kBf16);
        const int steps = trial.AddRandom(type, 2 * matrices.size());
        const int gram = trial.AddRandom(type, 2 * 1600), square = trial.AddRandom(type, 2 * 1600);
        const int squares = trial.Other(std::vector<double>(2)),
                  scales = trial.Other(std::vector<float>(4 * 72));
        return [=, &trial](StepDevice& device) {
          double* const sums = trial.OtherAt<double>(squares);
          device.MuonMomentum(update.At(trial), matrices, trial.At(steps), sums);
          device.MuonScale(matrices, sums, trial.At(steps));
          device.MuonPolynomial(2, 40, 3.0f, -4.0f, 2.0f, trial.At(gram), trial.At(square));
          device.MuonApply(update.At(trial), matrices, trial.At(steps), trial.OtherAt<float>(scales));
        };
      });
    }
  }
}

}  // namespace

std::vector<CheckResult> CheckOperations(StepDevice& device) {
  Checker checker(device);
  for (const CellType type : kTypes) {
    CheckProducts(checker, type);
    for (const int64_t dim : {40, 264, 2048}) CheckNorms(checker, type, dim);
    CheckElements(checker, type);
    CheckAttention(checker, type);
    CheckCrossEntropy(checker, type);
    CheckUpdates(checker, type);
  }
  CheckRows(checker);
  CheckSums(checker);
  return checker.Take();
}

}  // namespace bonsai::cuda
