#include "edge_runtime/engine/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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
  const size_t block = std::min(kBlockTokens, positions_max_);
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
  for (const int32_t id : tokens) {
    if (id >= 0 && id < config_.vocab_size) continue;
    *error = "token " + std::to_string(id) + "; the vocabulary has " + std::to_string(vocab_);
    return false;
  }
  const size_t first_row = tokens.size() - rows;  // the first token whose logits are wanted
  for (size_t begin = 0; begin < tokens.size(); begin += kBlockTokens) {
    const size_t count = std::min(kBlockTokens, tokens.size() - begin);
    RunBlock(tokens.subspan(begin, count));
    const size_t skip = std::min(count, first_row > begin ? first_row - begin : 0);
    if (skip < count) {
      Normalize(stream_, model_.final_norm(), count, &normalized_);
      float* out = logits.data() + (begin + skip - first_row) * vocab_;
      Multiply(model_.output(), vocab_, normalized_.row(skip), dim_, count - skip, out);
      const float cap = config_.logit_soft_cap;
      if (cap > 0) kernels_.soft_cap(out, (count - skip) * vocab_, cap);
    }
    position_ += count;
  }
  return true;
}

void LlamaSession::Rewind(int32_t position) { position_ = std::min(position_, Size(std::max(position, 0))); }

void LlamaSession::RunBlock(std::span<const int32_t> tokens) {
  const size_t count = tokens.size(), half = head_dim_ / 2;
  for (size_t t = 0; t < count; ++t) {
    std::memcpy(stream_.row(t), model_.embedding() + Size(tokens[t]) * dim_, dim_ * sizeof(float));
    for (size_t j = 0; j < half; ++j) {
      const float angle = static_cast<float>(position_ + t) * inverse_frequencies_[j];
      cosines_[t * half + j] = static_cast<float>(std::cos(double{angle}));
      sines_[t * half + j] = static_cast<float>(std::sin(double{angle}));
    }
  }
  for (int32_t layer = 0; layer < config_.layers; ++layer) {
    Attend(model_.layer(layer), Size(layer), count);
    FeedForward(model_.layer(layer), count);
  }
}

void LlamaSession::Attend(const LayerWeights& weights, size_t layer, size_t tokens) {
  Normalize(stream_, weights.attention_norm, tokens, &normalized_);
  Multiply(weights.query, queries_.width, normalized_.row(0), dim_, tokens, queries_.row(0));
  Multiply(weights.key, key_rows_.width, normalized_.row(0), dim_, tokens, key_rows_.row(0));
  Multiply(weights.value, value_rows_.width, normalized_.row(0), dim_, tokens, value_rows_.row(0));
  if (config_.qk_norm) {
    NormalizeHeads(&queries_, heads_, weights.query_norm, tokens);
    NormalizeHeads(&key_rows_, kv_heads_, weights.key_norm, tokens);
  }
  Rotate(&queries_, heads_, tokens);
  Rotate(&key_rows_, kv_heads_, tokens);
  Store(layer, tokens);
  // Every part has its own scratch; pairs of a token and a key-value head are dealt out to the parts in turn.
  const size_t pairs = tokens * kv_heads_;
  const size_t parts = std::min(static_cast<size_t>(pool_.threads()), pairs);
  pool_.Run(parts, [&](size_t part) {
    for (size_t pair = part; pair < pairs; pair += parts) {
      AttendHead(layer, pair / kv_heads_, pair % kv_heads_, scores_.data() + part * scores_per_part_);
    }
  });
  Multiply(weights.attention_output, dim_, attended_.row(0), attended_.width, tokens, projected_.row(0));
  AddToStream(projected_, tokens);
}

void LlamaSession::AttendHead(size_t layer, size_t token, size_t kv_head, float* scores) {
  const size_t group = heads_ / kv_heads_, seen = position_ + token + 1;
  const float* queries = queries_.row(token) + kv_head * group * head_dim_;
  float* out = attended_.row(token) + kv_head * group * head_dim_;
  kernels_.multiply({.weights = Keys(layer, kv_head),
                     .weight_stride = head_dim_,
                     .rows = seen,
                     .inputs = queries,
                     .input_stride = head_dim_,
                     .tokens = group,
                     .columns = head_dim_,
                     .out = scores,
                     .out_stride = positions_stride_});
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim_));
  for (size_t head = 0; head < group; ++head) {
    float* row = scores + head * positions_stride_;
    for (size_t i = 0; i < seen; ++i) row[i] *= scale;
    kernels_.softmax(row, seen);
  }
  kernels_.multiply({.weights = Values(layer, kv_head),
                     .weight_stride = positions_stride_,
                     .rows = head_dim_,
                     .inputs = scores,
                     .input_stride = positions_stride_,
                     .tokens = group,
                     .columns = seen,
                     .out = out,
                     .out_stride = head_dim_});
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

// Half-rotated: elements j and j + head_dim / 2 of a head turn together by position * frequency j.
void LlamaSession::Rotate(Rows* rows, size_t heads, size_t tokens) {
  const size_t half = head_dim_ / 2;
  for (size_t t = 0; t < tokens; ++t) {
    const float* cosines = cosines_.data() + t * half;
    const float* sines = sines_.data() + t * half;
    for (size_t head = 0; head < heads; ++head) {
      float* first = rows->row(t) + head * head_dim_;
      float* second = first + half;
      for (size_t j = 0; j < half; ++j) {
        const float a = first[j], b = second[j];
        first[j] = a * cosines[j] - b * sines[j];
        second[j] = b * cosines[j] + a * sines[j];
      }
    }
  }
}

void LlamaSession::Store(size_t layer, size_t tokens) {
  for (size_t kv_head = 0; kv_head < kv_heads_; ++kv_head) {
    for (size_t t = 0; t < tokens; ++t) {
      const size_t at = position_ + t;
      std::memcpy(Keys(layer, kv_head) + at * head_dim_, key_rows_.row(t) + kv_head * head_dim_,
                  head_dim_ * sizeof(float));
      const float* value = value_rows_.row(t) + kv_head * head_dim_;
      float* column = Values(layer, kv_head) + at;
      for (size_t d = 0; d < head_dim_; ++d) column[d * positions_stride_] = value[d];
    }
  }
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
