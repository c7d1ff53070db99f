#include "edge_runtime/engine/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

namespace bonsai::edge {
namespace {

constexpr int kThreadsMax = 256;

size_t Size(int32_t value) { return static_cast<size_t>(value); }

// `numerator` / `denominator`, rounded up.
size_t DivideUp(size_t numerator, size_t denominator) { return (numerator + denominator - 1) / denominator; }

}  // namespace

std::unique_ptr<Session> Session::Create(const Model& model, const SessionOptions& options,
                                         std::string* error) {
  const auto* weights = dynamic_cast<const ModelWeights*>(&model);
  if (weights == nullptr) {
    *error = "the model was not loaded by this engine";
    return nullptr;
  }
  const int32_t longest = model.config().max_seq_len;
  const int32_t positions = options.positions_max == 0 ? longest : options.positions_max;
  if (positions < 1 || positions > longest) {
    *error =
        "positions_max is " + std::to_string(positions) + "; the model has 1 to " + std::to_string(longest);
    return nullptr;
  }
  if (options.threads < 1 || options.threads > kThreadsMax) {
    *error =
        "threads is " + std::to_string(options.threads) + "; it must be 1 to " + std::to_string(kThreadsMax);
    return nullptr;
  }
  const Kernels* kernels = SelectKernels(options.kernels, error);
  if (kernels == nullptr) return nullptr;
  auto session = std::make_unique<LlamaSession>(*weights, *kernels, positions, options.threads);
  if (!session->Init(error)) return nullptr;
  return session;
}

LlamaSession::LlamaSession(const ModelWeights& model, const Kernels& kernels, int32_t positions_max,
                           int threads)
    : model_(model),
      config_(model.config()),
      kernels_(kernels),
      dim_(Size(config_.dim)),
      hidden_(Size(config_.hidden_dim)),
      heads_(Size(config_.heads)),
      kv_heads_(Size(config_.kv_heads)),
      head_dim_(Size(config_.head_dim)),
      vocab_(Size(config_.vocab_size)),
      positions_max_(Size(positions_max)),
      positions_stride_(DivideUp(Size(positions_max), kLanes) * kLanes),
      pool_(threads) {}

bool LlamaSession::Init(std::string* error) {
  const size_t cache = Size(config_.layers) * kv_heads_ * positions_stride_ * head_dim_;
  if (!keys_.Allocate(cache) || !values_.Allocate(cache)) {
    *error = "no memory for a key-value cache of " + std::to_string(2 * cache * sizeof(float)) + " bytes (" +
             std::to_string(positions_max_) + " positions)";
    return false;
  }
  // HF's rotary frequencies: theta^(-2j / head_dim), rounded to F32 as trainers have them.
  for (size_t j = 0; j < head_dim_ / 2; ++j) {
    const double exponent = 2.0 * static_cast<double>(j) / static_cast<double>(head_dim_);
    inverse_frequencies_.push_back(static_cast<float>(1.0 / std::pow(double{config_.rope_theta}, exponent)));
  }
  const size_t block = kBlockTokens;  // also where there are fewer positions: a tree may hold more tokens
  cosines_.resize(block * head_dim_ / 2);
  sines_.resize(block * head_dim_ / 2);
  scores_per_part_ = heads_ / kv_heads_ * positions_stride_;
  bool ok = scores_.Allocate(static_cast<size_t>(pool_.threads()) * scores_per_part_);
  const auto size = [&](Rows* rows, size_t width) {
    rows->width = width;
    ok = ok && rows->values.Allocate(block * width);
  };
  for (Rows* rows : {&stream_, &normalized_, &projected_}) size(rows, dim_);
  for (Rows* rows : {&queries_, &attended_}) size(rows, heads_ * head_dim_);
  for (Rows* rows : {&key_rows_, &value_rows_}) size(rows, kv_heads_ * head_dim_);
  for (Rows* rows : {&gates_, &ups_}) size(rows, hidden_);
  if (!ok) *error = "no memory for a block of " + std::to_string(block) + " tokens";
  return ok;
}

bool LlamaSession::InVocabulary(std::span<const int32_t> tokens, std::string* error) const {
  for (const int32_t id : tokens) {
    if (id >= 0 && id < config_.vocab_size) continue;
    *error = "token " + std::to_string(id) + "; the vocabulary has " + std::to_string(vocab_);
    return false;
  }
  return true;
}

bool LlamaSession::Forward(std::span<const int32_t> tokens, std::span<float> logits, std::string* error) {
  if (tokens.size() > positions_max_ - position_) {
    *error = std::to_string(tokens.size()) + " tokens after " + std::to_string(position_) + " exceed " +
             std::to_string(positions_max_) + " positions";
    return false;
  }
  const size_t rows = logits.size() / vocab_;
  if (logits.size() % vocab_ != 0 || rows > tokens.size()) {
    *error = "room for " + std::to_string(logits.size()) + " logits; it must be a multiple of " +
             std::to_string(vocab_) + " for at most " + std::to_string(tokens.size()) + " tokens";
    return false;
  }
  if (!InVocabulary(tokens, error)) return false;
  const size_t first_row = tokens.size() - rows;  // the first token whose logits are wanted
  for (size_t begin = 0; begin < tokens.size(); begin += kBlockTokens) {
    const size_t count = std::min(kBlockTokens, tokens.size() - begin);
    chain_.resize(count);
    std::iota(chain_.begin(), chain_.end(), static_cast<int32_t>(position_));
    RunBlock(tokens.subspan(begin, count), chain_);
    const size_t skip = std::min(count, first_row > begin ? first_row - begin : 0);
    block_rows_.resize(count - skip);
    std::iota(block_rows_.begin(), block_rows_.end(), skip);
    if (skip < count) Project(block_rows_, logits.data() + (begin + skip - first_row) * vocab_);
    position_ += count;
  }
  return true;
}

std::string LlamaSession::WrongTree(const TokenTree& tree, size_t logits) const {
  if (tree.positions.size() != tree.tokens.size()) {
    return std::to_string(tree.positions.size()) + " positions for " + std::to_string(tree.tokens.size()) +
           " tokens";
  }
  size_t limit = position_;
  for (const int32_t position : tree.positions) {
    if (position < 0 || Size(position) > limit) {
      return "position " + std::to_string(position) + " after " + std::to_string(limit) + " tokens";
    }
    limit = Size(position) + 1;
    if (limit > positions_max_) {
      return "position " + std::to_string(position) + " of " + std::to_string(positions_max_) + " positions";
    }
  }
  for (size_t i = 0; i < tree.rows.size(); ++i) {
    if (tree.rows[i] >= tree.tokens.size() || (i > 0 && tree.rows[i] <= tree.rows[i - 1]))
      return "the rows are not ascending indices of tokens";
  }
  if (logits != tree.rows.size() * vocab_) {
    return "room for " + std::to_string(logits) + " logits; " + std::to_string(tree.rows.size()) +
           " rows of " + std::to_string(vocab_) + " are wanted";
  }
  return "";
}

bool LlamaSession::ForwardTree(const TokenTree& tree, std::span<float> logits, std::string* error) {
  if (std::string wrong = WrongTree(tree, logits.size()); !wrong.empty()) {
    *error = std::move(wrong);
    return false;
  }
  if (!InVocabulary(tree.tokens, error)) return false;
  auto row = tree.rows.begin();
  float* out = logits.data();
  for (size_t begin = 0; begin < tree.tokens.size(); begin += kBlockTokens) {
    const size_t count = std::min(kBlockTokens, tree.tokens.size() - begin);
    RunBlock(tree.tokens.subspan(begin, count), tree.positions.subspan(begin, count));
    block_rows_.clear();
    for (; row != tree.rows.end() && *row < begin + count; ++row) block_rows_.push_back(*row - begin);
    if (block_rows_.empty()) continue;
    Project(block_rows_, out);
    out += block_rows_.size() * vocab_;
  }
  if (!tree.positions.empty()) position_ = Size(tree.positions.back()) + 1;
  return true;
}

void LlamaSession::Project(std::span<const size_t> block_rows, float* logits) {
  for (size_t i = 0; i < block_rows.size(); ++i)
    NormalizeRow(stream_.row(block_rows[i]), model_.final_norm(), dim_, normalized_.row(i));
  Multiply(model_.output(), vocab_, normalized_.row(0), dim_, block_rows.size(), logits);
  const float cap = config_.logit_soft_cap;
  if (cap > 0) kernels_.soft_cap(logits, block_rows.size() * vocab_, cap);
}

void LlamaSession::Rewind(int32_t position) { position_ = std::min(position_, Size(std::max(position, 0))); }

void LlamaSession::RunBlock(std::span<const int32_t> tokens, std::span<const int32_t> positions) {
  const size_t count = tokens.size(), half = head_dim_ / 2;
  for (size_t t = 0; t < count; ++t) {
    std::memcpy(stream_.row(t), model_.embedding() + Size(tokens[t]) * dim_, dim_ * sizeof(float));
    for (size_t j = 0; j < half; ++j) {
      const float angle = static_cast<float>(positions[t]) * inverse_frequencies_[j];
      cosines_[t * half + j] = static_cast<float>(std::cos(double{angle}));
      sines_[t * half + j] = static_cast<float>(std::sin(double{angle}));
    }
  }
  for (int32_t layer = 0; layer < config_.layers; ++layer) {
    Attend(model_.layer(layer), Size(layer), positions);
    FeedForward(model_.layer(layer), count);
  }
}

void LlamaSession::FeedForward(const LayerWeights& weights, size_t tokens) {
  Normalize(stream_, weights.feed_forward_norm, tokens, &normalized_);
  Multiply(weights.up, hidden_, normalized_.row(0), dim_, tokens, ups_.row(0));
  if (config_.activation == Activation::kReluSquared) {
    float* up = ups_.row(0);
    for (size_t i = 0; i < tokens * hidden_; ++i) up[i] = up[i] < 0 ? 0.0f : up[i] * up[i];
  } else {
    Multiply(weights.gate, hidden_, normalized_.row(0), dim_, tokens, gates_.row(0));
    pool_.Run(tokens,
              [&](size_t token) { kernels_.silu_multiply(gates_.row(token), ups_.row(token), hidden_); });
  }
  const Rows& active = config_.activation == Activation::kReluSquared ? ups_ : gates_;
  Multiply(weights.down, dim_, active.row(0), hidden_, tokens, projected_.row(0));
  AddToStream(projected_, tokens);
}

void LlamaSession::Normalize(const Rows& from, const float* weight, size_t tokens, Rows* to) {
  for (size_t t = 0; t < tokens; ++t) NormalizeRow(from.row(t), weight, dim_, to->row(t));
}

void LlamaSession::NormalizeHeads(Rows* rows, size_t heads, const float* weight, size_t tokens) {
  for (size_t t = 0; t < tokens; ++t) {
    for (size_t head = 0; head < heads; ++head) {
      float* x = rows->row(t) + head * head_dim_;
      NormalizeRow(x, weight, head_dim_, x);
    }
  }
}

// RMSNorm: x / sqrt(mean(x^2) + epsilon) * weight.
void LlamaSession::NormalizeRow(const float* x, const float* weight, size_t width, float* out) {
  float squares = 0;
  kernels_.multiply({.weights = x,
                     .weight_stride = width,
                     .rows = 1,
                     .inputs = x,
                     .input_stride = width,
                     .tokens = 1,
                     .columns = width,
                     .out = &squares,
                     .out_stride = 1});
  const float scale = 1.0f / std::sqrt(squares / static_cast<float>(width) + config_.norm_epsilon);
  for (size_t i = 0; i < width; ++i) out[i] = x[i] * scale * weight[i];
}

void LlamaSession::Multiply(const float* weights, size_t rows, const float* from, size_t columns,
                            size_t tokens, float* to) {
  // Parts small enough to even out the threads, and big enough to be worth a hand-over.
  constexpr size_t kPartsPerThread = 4, kRowsMin = 16;
  const size_t threads = static_cast<size_t>(pool_.threads());
  size_t rows_per_part = threads == 1 ? rows : DivideUp(rows, threads * kPartsPerThread);
  rows_per_part = DivideUp(std::max(rows_per_part, kRowsMin), kRowsMin) * kRowsMin;
  pool_.Run(DivideUp(rows, rows_per_part), [&](size_t part) {
    const size_t row = part * rows_per_part;
    kernels_.multiply({.weights = weights + row * columns,
                       .weight_stride = columns,
                       .rows = std::min(rows_per_part, rows - row),
                       .inputs = from,
                       .input_stride = columns,
                       .tokens = tokens,
                       .columns = columns,
                       .out = to + row,
                       .out_stride = rows});
  });
}

void LlamaSession::AddToStream(const Rows& delta, size_t tokens) {
  float* stream = stream_.row(0);
  const float* change = delta.row(0);
  for (size_t i = 0; i < tokens * dim_; ++i) stream[i] += change[i];
}

}  // namespace bonsai::edge
