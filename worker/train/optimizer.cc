#include "worker/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "worker/train/shard_map.h"
#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

// Of AdamW's: threads share out large tensors.
constexpr int64_t kPieceMax = 256 * kShardUnit;

}  // namespace

Optimizer::Optimizer(const ParameterLayout& layout, const Kernels& kernels, const v1::Optimizer& spec,
                     int threads, const WidthTransfer& transfer,
                     const std::optional<std::vector<FlatRange>>& share)
    : kernels_(kernels), settings_(spec), works_(std::max(1, threads)) {
  const std::vector<FlatRange> all = {{0, static_cast<uint64_t>(layout.size())}};
  const std::vector<FlatRange>& ranges = share ? *share : all;
  size_t next = 0;
  for (const ParameterBlock& block : layout.blocks()) {
    const int64_t block_end = block.offset + block.size;
    while (next < ranges.size() && static_cast<int64_t>(ranges[next].end) <= block.offset) ++next;
    for (size_t i = next; i < ranges.size() && static_cast<int64_t>(ranges[i].begin) < block_end; ++i) {
      AddPieces(block, transfer.RateFactor(block.spec), sums_,
                std::max(block.offset, static_cast<int64_t>(ranges[i].begin)),
                std::min(block_end, static_cast<int64_t>(ranges[i].end)));
    }
    sums_ += static_cast<size_t>((block.size + kShardUnit - 1) / kShardUnit);
  }
  std::stable_sort(matrices_.begin(), matrices_.end(),
                   [](const Piece& a, const Piece& b) { return a.size > b.size; });
  moment1_.resize(static_cast<size_t>(values_));
  moment2_.resize(static_cast<size_t>(values_));
}

void Optimizer::AddPieces(const ParameterBlock& block, float rate_factor, size_t first_sum, int64_t begin,
                          int64_t end) {
  const bool whole = settings_.muon && IsMuons(block);
  for (int64_t first = begin; first < end;) {
    const int64_t size = whole ? end - first : std::min(end - first, kPieceMax);
    (whole ? matrices_ : pieces_)
        .push_back({&block, first, size, values_,
                    first_sum + static_cast<size_t>((first - block.offset) / kShardUnit), rate_factor});
    values_ += size;
    first += size;
  }
}

void Optimizer::Restore(std::vector<float> moment1, std::vector<float> moment2) {
  moment1_ = std::move(moment1);
  moment2_ = std::move(moment2);
}

std::vector<double> Optimizer::SquareSums(absl::Span<const float> gradient) const {
  std::vector<double> sums(sums_);
  const size_t count = pieces_.size() + matrices_.size();
  ShareOut(works_.size(), count, [&](size_t, size_t i) {
    const Piece& piece = i < pieces_.size() ? pieces_[i] : matrices_[i - pieces_.size()];
    double* sum = sums.data() + piece.first_sum;
    for (int64_t first = 0; first < piece.size; first += kShardUnit) {
      *sum++ = kernels_.sum_of_squares(gradient.data() + piece.offset + first,
                                       std::min(kShardUnit, piece.size - first));
    }
  });
  return sums;
}

double Optimizer::NormOf(absl::Span<const double> square_sums) {
  double total = 0;
  for (const double sum : square_sums) total += sum;
  return std::sqrt(total);
}

void Optimizer::Apply(uint64_t update, float learning_rate, double norm, absl::Span<const float> gradient,
                      absl::Span<float> parameters) {
  const double t = static_cast<double>(update);
  const float scale = settings_.clip_norm > 0 && norm > settings_.clip_norm
                          ? static_cast<float>(settings_.clip_norm / norm)
                          : 1.0f;
  AdamwConstants constants = {
      .learning_rate = learning_rate,
      .beta1 = settings_.beta1,
      .beta2 = settings_.beta2,
      .epsilon = settings_.epsilon,
      .weight_decay = 0,
      .gradient_scale = scale,
      .bias1 = static_cast<float>(1.0 - std::pow(double{settings_.beta1}, t)),
      .bias2 = static_cast<float>(1.0 - std::pow(double{settings_.beta2}, t)),
  };
  ShareOut(works_.size(), matrices_.size(), [&](size_t thread, size_t i) {
    const Piece& piece = matrices_[i];
    ApplyMuon(piece, learning_rate * settings_.muon_rate_ratio, scale, gradient.data() + piece.offset,
              parameters.data() + piece.offset, works_[thread]);
  });
  ShareOut(works_.size(), pieces_.size(), [&](size_t, size_t i) {
    const Piece& piece = pieces_[i];
    AdamwConstants own = constants;
    own.learning_rate *= piece.rate_factor;
    // The product of both is what a value loses.
    own.weight_decay =
        piece.block->spec.shape.size() >= 2 ? settings_.weight_decay / piece.rate_factor : 0.0f;
    kernels_.adamw(own, parameters.data() + piece.offset, gradient.data() + piece.offset,
                   moment1_.data() + piece.moments, moment2_.data() + piece.moments, piece.size);
  });
}

void Optimizer::ApplyMuon(const Piece& piece, float learning_rate, float gradient_scale,
                          const float* gradient, float* parameters, MatrixWork& work) {
  const int64_t rows = piece.block->spec.shape[0], cols = piece.block->spec.shape[1];
  float* momentum = moment1_.data() + piece.moments;
  std::vector<float>& step = work.step;
  step.resize(piece.size);
  for (int64_t i = 0; i < piece.size; ++i) {
    const float g = gradient[i] * gradient_scale;
    momentum[i] = settings_.momentum * momentum[i] + (1.0f - settings_.momentum) * g;
    step[i] = settings_.momentum * momentum[i] + (1.0f - settings_.momentum) * g;  // Nesterov's look ahead
  }
  work.orthogonalizer.Apply(step.data(), rows, cols);
  if (settings_.normalize_rows) NormalizeRows(piece, step);
  // A tall matrix gets longer steps, so that its output changes as much as a wide one's.
  const float ratio = static_cast<float>(rows) / static_cast<float>(cols);
  const float length = learning_rate * std::sqrt(std::max(1.0f, ratio));
  const float keep = 1.0f - learning_rate * settings_.weight_decay;
  for (int64_t i = 0; i < piece.size; ++i) parameters[i] = parameters[i] * keep - length * step[i];
}

// NorMuon (Li et al. 2025): divides each row by the root of its running mean square, and keeps the step's
// Frobenius norm.
void Optimizer::NormalizeRows(const Piece& piece, std::vector<float>& step) {
  const int64_t rows = piece.block->spec.shape[0], cols = piece.block->spec.shape[1];
  float* means = moment2_.data() + piece.moments;
  double before = 0, after = 0;
  for (int64_t r = 0; r < rows; ++r) {
    float* row = step.data() + r * cols;
    const double square = kernels_.sum_of_squares(row, cols);
    means[r] = settings_.row_beta * means[r] +
               (1.0f - settings_.row_beta) * static_cast<float>(square / static_cast<double>(cols));
    const float inverse = 1.0f / (std::sqrt(means[r]) + 1e-10f);
    for (int64_t c = 0; c < cols; ++c) row[c] *= inverse;
    before += square;
    after += square * double{inverse} * double{inverse};
  }
  if (after == 0) return;
  const float keep = static_cast<float>(std::sqrt(before / after));
  for (float& value : step) value *= keep;
}

}  // namespace bonsai
