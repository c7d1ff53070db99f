#include "worker/train/low_rank_model.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "worker/train/matmul.h"
#include "worker/train/random_bits.h"
#include "worker/train/thread_share.h"

namespace bonsai {
namespace {

// "model.layers.0.mlp.up_proj.weight" -> "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight".
std::string AdapterName(const std::string& name, char letter) {
  const std::string stem = name.substr(0, name.rfind(".weight"));
  return "base_model.model." + stem + ".lora_" + letter + ".weight";
}

bool IsChanged(const ParameterBlock& block) { return block.spec.layer >= 0 && block.spec.shape.size() == 2; }

std::vector<edge::TensorSpec> AdapterTensors(const ParameterLayout& model, int64_t rank) {
  std::vector<edge::TensorSpec> tensors;
  for (const ParameterBlock& block : model.blocks()) {
    if (!IsChanged(block)) continue;
    const edge::TensorSpec& spec = block.spec;
    tensors.push_back({spec.role, spec.layer, AdapterName(spec.name, 'A'), {rank, spec.shape[1]}});
    tensors.push_back({spec.role, spec.layer, AdapterName(spec.name, 'B'), {spec.shape[0], rank}});
  }
  return tensors;
}

class LowRankPass final : public BatchPass {
 public:
  LowRankPass(const LowRankModel& model, std::unique_ptr<BatchPass> pass)
      : model_(model), pass_(std::move(pass)) {}

  double AddGradient(const TokenBatch& batch, float scale, absl::Span<float> gradient) override {
    model_gradient_.assign(model_.model_layout().size(), 0.0f);
    const double loss = pass_->AddGradient(batch, scale, absl::MakeSpan(model_gradient_));
    model_.AddPulledBack(model_gradient_, gradient);
    return loss;
  }
  double Loss(const TokenBatch& batch) override { return pass_->Loss(batch); }
  void Logits(const TokenBatch& batch, absl::Span<float> logits) override { pass_->Logits(batch, logits); }

 private:
  const LowRankModel& model_;
  const std::unique_ptr<BatchPass> pass_;
  std::vector<float> model_gradient_;
};

}  // namespace

ParameterLayout LowRankModel::AdapterLayout(const ParameterLayout& model, uint32_t rank) {
  return ParameterLayout::OfTensors(model.config(), AdapterTensors(model, rank));
}

LowRankModel::LowRankModel(const ParameterLayout& layout, std::vector<float> frozen,
                           const LowRankShape& shape, int threads)
    : model_layout_(layout),
      shape_(shape),
      threads_(static_cast<size_t>(std::max(1, threads))),
      frozen_(std::move(frozen)),
      layout_(AdapterLayout(layout, shape.rank)),
      merged_(frozen_) {
  size_t next = 0;
  for (const ParameterBlock& block : layout.blocks()) {
    if (!IsChanged(block)) continue;
    const int64_t a = layout_.blocks()[next++].offset, b = layout_.blocks()[next++].offset;
    changes_.push_back({block.offset, block.spec.shape[0], block.spec.shape[1], a, b});
  }
}

void LowRankModel::Initialize(uint64_t seed, absl::Span<float> adapters) const {
  std::fill(adapters.begin(), adapters.end(), 0.0f);
  for (size_t i = 0; i < changes_.size(); ++i) {
    const uint64_t key = RandomBits(seed, i);
    const int64_t size = shape_.rank * changes_[i].cols;
    const float deviation = 1.0f / std::sqrt(static_cast<float>(changes_[i].cols));
    for (int64_t v = 0; v < size; ++v) adapters[changes_[i].a + v] = deviation * NormalOf(RandomBits(key, v));
  }
}

absl::Span<const float> LowRankModel::Load(absl::Span<const float> adapters) {
  adapters_ = adapters;
  ShareOut(threads_, changes_.size(), [&](size_t, size_t i) { Merge(changes_[i]); });
  return merged_;
}

void LowRankModel::Merge(const Change& change) {
  const int64_t rank = shape_.rank, size = change.rows * change.cols;
  float* out = merged_.data() + change.matrix;
  Multiply(change.rows, change.cols, rank, {adapters_.data() + change.b, rank},
           {adapters_.data() + change.a, change.cols}, 0, out, change.cols);
  const float scale = shape_.alpha / static_cast<float>(shape_.rank);
  const float* frozen = frozen_.data() + change.matrix;
  for (int64_t i = 0; i < size; ++i) out[i] = frozen[i] + scale * out[i];
}

void LowRankModel::AddPulledBack(absl::Span<const float> model_gradient, absl::Span<float> gradient) const {
  const int64_t rank = shape_.rank;
  const float scale = shape_.alpha / static_cast<float>(shape_.rank);
  std::vector<float> product;
  for (const Change& change : changes_) {
    const MatrixView dw = {model_gradient.data() + change.matrix, change.cols};
    const auto add = [&](int64_t at) {
      for (size_t i = 0; i < product.size(); ++i)
        gradient[at + static_cast<int64_t>(i)] += scale * product[i];
    };
    product.resize(rank * change.cols);
    Multiply(rank, change.cols, change.rows, {adapters_.data() + change.b, rank, Transpose::kYes}, dw, 0,
             product.data(), change.cols);
    add(change.a);
    product.resize(change.rows * rank);
    Multiply(change.rows, rank, change.cols, dw, {adapters_.data() + change.a, change.cols, Transpose::kYes},
             0, product.data(), rank);
    add(change.b);
  }
}

std::unique_ptr<BatchPass> CreateLowRankPass(const LowRankModel& model, std::unique_ptr<BatchPass> pass) {
  return std::make_unique<LowRankPass>(model, std::move(pass));
}

}  // namespace bonsai
