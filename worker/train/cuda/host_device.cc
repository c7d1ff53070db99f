#include "worker/train/cuda/host_device.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/train/cuda/host_attention.h"
#include "worker/train/cuda/host_cells.h"

namespace bonsai::cuda {
namespace {

float Sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// Calls visit(i) for a matrix's value i, row-major, and its place in `steps`.
template <typename Visit>
void ForEachStep(const MuonMatrices& matrices, const Visit& visit) {
  for (int64_t matrix = 0; matrix < matrices.count; ++matrix) {
    for (int64_t r = 0; r < matrices.rows; ++r) {
      for (int64_t c = 0; c < matrices.cols; ++c) {
        const int64_t place = matrices.tall() ? c * matrices.rows + r : r * matrices.cols + c;
        visit(matrix, matrices.offset + matrix * matrices.stride + r * matrices.cols + c,
              matrix * matrices.size() + place, r);
      }
    }
  }
}

class HostDevice final : public HostMemoryDevice {
 public:
  void Gather(const int32_t* tokens, int64_t rows, int64_t dim, const float* table, float* out) override {
    for (int64_t i = 0; i < rows; ++i) std::copy_n(table + tokens[i] * dim, dim, out + i * dim);
  }

  void ScatterAdd(const ScatterPlan& plan, int64_t dim, const float* rows, float*, float* table) override {
    for (int32_t piece = 0; piece < plan.counts[0]; ++piece) {
      const int32_t* p = plan.pieces + 4 * piece;
      for (int32_t i = p[0]; i < p[0] + p[1]; ++i) {
        for (int64_t c = 0; c < dim; ++c) table[p[2] * dim + c] += rows[plan.order[i] * dim + c];
      }
    }
  }

  void Norm(const NormForward& n) override {
    for (int64_t r = 0; r < n.rows; ++r) {
      double square = 0;
      const float* x = n.residual + r * n.dim;
      if (n.delta.data != nullptr) {
        for (int64_t c = 0; c < n.dim; ++c) n.sum[r * n.dim + c] = x[c] + Get(n.delta, r * n.dim + c);
        x = n.sum + r * n.dim;
      }
      for (int64_t c = 0; c < n.dim; ++c) square += double{x[c]} * double{x[c]};
      const float mean = static_cast<float>(square / static_cast<double>(n.dim));
      n.inverse_rms[r] = 1.0f / std::sqrt(mean + n.epsilon);
      for (int64_t c = 0; c < n.dim; ++c) {
        Set(n.normed, r * n.dim + c, x[c] * n.inverse_rms[r] * n.weight[c]);
      }
    }
  }

  void NormGradient(const NormBackward& n) override {
    for (int64_t r = 0; r < n.rows; ++r) {
      const float scale = n.inverse_rms[r];
      const float* x = n.x + r * n.dim;
      float dot = 0;
      for (int64_t c = 0; c < n.dim; ++c) dot += Get(n.d_normed, r * n.dim + c) * n.weight[c] * x[c];
      const float pull = dot * scale * scale * scale / static_cast<float>(n.dim);
      for (int64_t c = 0; c < n.dim; ++c) {
        const int64_t at = r * n.dim + c;
        const float dy = Get(n.d_normed, at);
        n.d_weight[c] += dy * x[c] * scale;
        const float d = (n.add ? n.d_residual[at] : 0.0f) + dy * n.weight[c] * scale - x[c] * pull;
        n.d_residual[at] = d;
        Set(n.d_residual_copy, at, d);
      }
    }
  }

  void Rotate(Cells x, int64_t rows, int64_t stride, int64_t heads, int64_t head_dim, int64_t positions,
              const float* cosine, const float* sine, float sign) override {
    const int64_t half = head_dim / 2;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t i = 0; i < heads * half; ++i) {
        const int64_t at = r * stride + i / half * head_dim + i % half;
        const int64_t table = r % positions * half + i % half;
        const float a = Get(x, at), b = Get(x, at + half);
        Set(x, at, a * cosine[table] - b * sine[table] * sign);
        Set(x, at + half, b * cosine[table] + a * sine[table] * sign);
      }
    }
  }

  void Swiglu(Cells gate_up, int64_t rows, int64_t hidden, Cells out) override {
    for (int64_t i = 0; i < rows * hidden; ++i) {
      const int64_t at = i / hidden * 2 * hidden + i % hidden;
      const float gate = Get(gate_up, at);
      Set(out, i, gate * Sigmoid(gate) * Get(gate_up, at + hidden));
    }
  }

  void SwigluGradient(Cells gate_up, Cells d_out, int64_t rows, int64_t hidden) override {
    for (int64_t i = 0; i < rows * hidden; ++i) {
      const int64_t at = i / hidden * 2 * hidden + i % hidden;
      const float gate = Get(gate_up, at), up = Get(gate_up, at + hidden), d = Get(d_out, i);
      const float sigmoid = Sigmoid(gate), silu = gate * sigmoid;
      Set(gate_up, at, d * up * (sigmoid + silu * (1.0f - sigmoid)));
      Set(gate_up, at + hidden, d * silu);
      Set(d_out, i, silu * up);
    }
  }

  void Attend(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum) override {
    HostAttend(sizes, qkv, out, log_sum);
  }
  void AttendGradient(const AttentionSizes& sizes, Cells qkv, Cells out, const float* log_sum, Cells d_out,
                      float*, Cells d_qkv) override {
    HostAttendGradient(sizes, qkv, out, log_sum, d_out, d_qkv);
  }

  void CrossEntropy(Cells logits, int64_t stride, const int32_t* targets, int64_t rows, int64_t cols,
                    const StepScalars* scalars, bool gradient, float* losses) override {
    for (int64_t r = 0; r < rows; ++r) {
      const Cells row = logits.At(r * stride);
      float top = -INFINITY;
      double sum = 0;
      for (int64_t c = 0; c < cols; ++c) top = std::max(top, Get(row, c));
      for (int64_t c = 0; c < cols; ++c) sum += std::exp(double{Get(row, c)} - double{top});
      const double log_sum = double{top} + std::log(sum);
      const bool asked = targets[r] >= 0;
      losses[r] = asked ? static_cast<float>(log_sum - double{Get(row, targets[r])}) : 0.0f;
      if (!gradient) continue;
      const float scale = asked ? scalars->loss_scale : 0.0f;
      const float factor = scale * (1.0f + 2.0f * scalars->z_loss * static_cast<float>(log_sum));
      for (int64_t c = 0; c < cols; ++c) {
        const float probability = static_cast<float>(std::exp(double{Get(row, c)} - log_sum));
        Set(row, c, asked ? factor * probability - (c == targets[r] ? scale : 0.0f) : 0.0f);
      }
    }
  }

  void Sum(const float* values, int64_t count, double*, double* total) override {
    *total = 0;
    for (int64_t i = 0; i < count; ++i) *total += double{values[i]};
  }
  void SumSquares(const float* values, int64_t count, double*, double* total) override {
    *total = 0;
    for (int64_t i = 0; i < count; ++i) *total += double{values[i]} * double{values[i]};
  }

  void Pack(const float* values, int64_t count, Bf16* packed) override {
    for (int64_t i = 0; i < count; ++i) packed[i] = FromFloat<Bf16>(values[i]);
  }

  void Adamw(const UpdateBuffers& b, const UpdateChunk* chunks, int64_t count) override {
    const UpdateScalars& k = *b.scalars;
    for (int64_t chunk = 0; chunk < count; ++chunk) {
      const float decay = chunks[chunk].decays ? k.weight_decay : 0.0f;
      for (int64_t i = chunks[chunk].offset; i < chunks[chunk].offset + chunks[chunk].count; ++i) {
        const float g = b.gradient[i] * Clip(b);
        b.moment1[i] = k.beta1 * b.moment1[i] + (1.0f - k.beta1) * g;
        b.moment2[i] = k.beta2 * b.moment2[i] + (1.0f - k.beta2) * g * g;
        const float step = b.moment1[i] / k.bias1 / (std::sqrt(b.moment2[i] / k.bias2) + k.epsilon);
        Move(b, i, b.parameters[i] * (1.0f - k.learning_rate * decay) - k.learning_rate * step);
      }
    }
  }

  void MuonMomentum(const UpdateBuffers& b, const MuonMatrices& matrices, Cells steps,
                    double* squares) override {
    const float momentum = b.scalars->momentum;
    std::fill_n(squares, matrices.count, 0.0);
    ForEachStep(matrices, [&](int64_t matrix, int64_t at, int64_t place, int64_t) {
      const float g = b.gradient[at] * Clip(b);
      b.moment1[at] = momentum * b.moment1[at] + (1.0f - momentum) * g;
      Set(steps, place, momentum * b.moment1[at] + (1.0f - momentum) * g);
      squares[matrix] += double{Get(steps, place)} * double{Get(steps, place)};
    });
  }
  void MuonScale(const MuonMatrices& matrices, const double* squares, Cells steps) override {
    for (int64_t i = 0; i < matrices.count * matrices.size(); ++i) {
      const double square = squares[i / matrices.size()];
      if (square != 0) Set(steps, i, static_cast<float>(double{Get(steps, i)} / std::sqrt(square)));
    }
  }
  void MuonPolynomial(int64_t count, int64_t side, float a, float b, float c, Cells gram,
                      Cells square) override {
    for (int64_t i = 0; i < count * side * side; ++i) {
      const int64_t at = i % (side * side);
      Set(square, i, b * Get(gram, i) + c * Get(square, i) + (at / side == at % side ? a : 0.0f));
    }
  }
  void MuonApply(const UpdateBuffers& b, const MuonMatrices& matrices, Cells steps, float*) override {
    const UpdateScalars& k = *b.scalars;
    const double tallness = static_cast<double>(matrices.rows) / static_cast<double>(matrices.cols);
    const float length = k.muon_learning_rate * static_cast<float>(std::sqrt(std::max(1.0, tallness)));
    const std::vector<float> scales = RowScales(b, matrices, steps);
    ForEachStep(matrices, [&](int64_t matrix, int64_t at, int64_t place, int64_t row) {
      const float step = Get(steps, place) * scales[matrix * matrices.rows + row];
      Move(b, at, b.parameters[at] * (1.0f - k.muon_learning_rate * k.weight_decay) - length * step);
    });
  }

 private:
  static float Clip(const UpdateBuffers& b) {
    const double limit = double{b.scalars->clip_norm}, norm = std::sqrt(*b.square);
    return limit > 0 && norm > limit ? static_cast<float>(limit / norm) : 1.0f;
  }
  static void Move(const UpdateBuffers& b, int64_t at, float value) {
    b.parameters[at] = value;
    if (b.packed != nullptr) b.packed[at] = FromFloat<Bf16>(value);
  }
  // What each row of each matrix is multiplied by.
  static std::vector<float> RowScales(const UpdateBuffers& b, const MuonMatrices& matrices, Cells steps) {
    std::vector<float> scales(matrices.count * matrices.rows, 1.0f);
    if (!matrices.normalize_rows) return scales;
    std::vector<double> squares(scales.size(), 0.0);
    ForEachStep(matrices, [&](int64_t matrix, int64_t, int64_t place, int64_t row) {
      squares[matrix * matrices.rows + row] += double{Get(steps, place)} * double{Get(steps, place)};
    });
    for (int64_t matrix = 0; matrix < matrices.count; ++matrix) {
      double before = 0, after = 0;
      for (int64_t i = matrix * matrices.rows; i < (matrix + 1) * matrices.rows; ++i) {
        float& mean = b.moment2[matrices.offset + matrix * matrices.stride + i % matrices.rows];
        const float beta = b.scalars->row_beta;
        mean =
            beta * mean + (1.0f - beta) * static_cast<float>(squares[i] / static_cast<double>(matrices.cols));
        scales[i] = 1.0f / (std::sqrt(mean) + 1e-10f);
        before += squares[i];
        after += squares[i] * double{scales[i]} * double{scales[i]};
      }
      for (int64_t i = matrix * matrices.rows; after > 0 && i < (matrix + 1) * matrices.rows; ++i) {
        scales[i] *= static_cast<float>(std::sqrt(before / after));
      }
    }
    return scales;
  }
};

}  // namespace

std::unique_ptr<StepDevice> CreateHostDevice() { return std::make_unique<HostDevice>(); }

}  // namespace bonsai::cuda
