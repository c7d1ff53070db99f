#include "worker/train/gradient_tree.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "worker/train/thread_share.h"

namespace bonsai {

GradientTree::GradientTree(const ParameterLayout& layout, const Kernels& kernels, int threads,
                           const LlamaPassOptions& options, const LowRankModel* low_rank)
    : kernels_(kernels),
      size_(static_cast<size_t>(low_rank == nullptr ? layout.size() : low_rank->layout().size())),
      weights_(layout, options.precision, threads),
      branches_(std::bit_floor(static_cast<size_t>(std::max(1, threads)))) {
  for (Branch& branch : branches_) {
    branch.pass = CreateLlamaPass(layout, kernels, weights_, options);
    if (low_rank != nullptr) branch.pass = CreateLowRankPass(*low_rank, std::move(branch.pass));
  }
}

double GradientTree::SumBranch(absl::Span<const TokenBatch> batches, float scale, size_t level,
                               Branch& branch, absl::Span<float> gradient) {
  if (batches.size() == 1) {
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    if (batches[0].rows == 0) return 0;
    return branch.pass->AddGradient(batches[0], scale, gradient);
  }
  const size_t half = batches.size() / 2;
  if (branch.buffers.size() <= level) branch.buffers.emplace_back(size_);
  const double left = SumBranch(batches.first(half), scale, level + 1, branch, gradient);
  const double right =
      SumBranch(batches.subspan(half), scale, level + 1, branch, absl::MakeSpan(branch.buffers[level]));
  kernels_.add(gradient.data(), branch.buffers[level].data(), static_cast<int64_t>(size_));
  return left + right;
}

double GradientTree::Sum(absl::Span<const TokenBatch> batches, float scale, absl::Span<float> gradient) {
  const size_t shares = std::min(branches_.size(), batches.size());
  const size_t each = batches.size() / shares;
  std::vector<double> losses(shares);
  const auto root = [&](size_t i) { return i == 0 ? gradient : absl::MakeSpan(branches_[i].root); };
  ShareOut(shares, shares, [&](size_t, size_t i) {
    if (i > 0) branches_[i].root.resize(size_);
    losses[i] = SumBranch(batches.subspan(i * each, each), scale, 0, branches_[i], root(i));
  });
  for (size_t distance = 1; distance < shares; distance *= 2) {
    for (size_t i = 0; i < shares; i += 2 * distance) {
      kernels_.add(root(i).data(), root(i + distance).data(), static_cast<int64_t>(size_));
      losses[i] += losses[i + distance];
    }
  }
  return losses[0];
}

}  // namespace bonsai
