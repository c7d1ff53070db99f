#include "worker/train/cuda/llama_program.h"

#include <algorithm>
#include <cmath>

namespace bonsai::cuda {
namespace {

// Rows of logits begin at multiples of 256 bytes, so that products load whole cache lines whatever the
// vocabulary.
constexpr int64_t kLogitAlignment = 128;

Cells CellsOf(float* values) { return {values, CellType::kF32}; }

}  // namespace

LlamaProgram::LlamaProgram(StepDevice& device, const LlamaPlaces& places, const ProgramOptions& options)
    : device_(device), places_(places), options_(options), layers_(places.layers.size()) {
  const edge::ModelConfig& config = places_.config;
  const int64_t half = config.head_dim / 2, count = int64_t{config.max_seq_len} * half;
  std::vector<float> cosine(count), sine(count);
  for (int64_t i = 0; i < count; ++i) {
    const double exponent = -2.0 * static_cast<double>(i % half) / config.head_dim;
    const double angle = static_cast<double>(i / half) * std::pow(double{config.rope_theta}, exponent);
    cosine[i] = static_cast<float>(std::cos(angle));
    sine[i] = static_cast<float>(std::sin(angle));
  }
  cosine_ = static_cast<float*>(device_.Allocate(count * sizeof(float)));
  sine_ = static_cast<float*>(device_.Allocate(count * sizeof(float)));
  device_.CopyIn(cosine_, cosine.data(), count * sizeof(float));
  device_.CopyIn(sine_, sine.data(), count * sizeof(float));
}

LlamaProgram::~LlamaProgram() {
  ReleaseBuffers();
  device_.Release(cosine_);
  device_.Release(sine_);
}

void LlamaProgram::ReleaseBuffers() {
  for (void* buffer : buffers_) device_.Release(buffer);
  buffers_.clear();
}

Cells LlamaProgram::MakeCells(int64_t count) {
  buffers_.push_back(device_.Allocate(count * (options_.type == CellType::kF32 ? 4 : 2)));
  return {buffers_.back(), options_.type};
}

float* LlamaProgram::MakeFloats(int64_t count) {
  buffers_.push_back(device_.Allocate(count * sizeof(float)));
  return static_cast<float*>(buffers_.back());
}

int64_t LlamaProgram::logit_stride() const {
  return (places_.config.vocab_size + kLogitAlignment - 1) / kLogitAlignment * kLogitAlignment;
}

AttentionSizes LlamaProgram::SizesOf(const DeviceBatch& batch) const {
  const edge::ModelConfig& config = places_.config;
  return {batch.rows, batch.positions, config.heads, config.kv_heads, config.head_dim};
}

bool LlamaProgram::Reserve(int64_t n) {
  if (n <= reserved_) return false;
  reserved_ = n;
  ReleaseBuffers();
  const edge::ModelConfig& config = places_.config;
  const int64_t dim = config.dim, hidden = config.hidden_dim, width = int64_t{config.heads} * config.head_dim;
  const int64_t qkv_width = int64_t{config.heads + 2 * config.kv_heads} * config.head_dim;
  for (Activations& a : layers_) {
    a = {MakeFloats(n * dim),          MakeFloats(n * dim),      MakeFloats(n),      MakeFloats(n),
         MakeFloats(n * config.heads), MakeCells(n * dim),       MakeCells(n * dim), MakeCells(n * qkv_width),
         MakeCells(n * width),         MakeCells(n * 2 * hidden)};
  }
  last_ = MakeFloats(n * dim);
  last_scale_ = MakeFloats(n);
  losses_ = MakeFloats(n);
  d_residual_ = MakeFloats(n * dim);
  dot_ = MakeFloats(n * config.heads);
  norm_partial_ = MakeFloats(kNormBlocks * dim);
  scatter_partial_ = MakeFloats(ScatterPlan::SlotsMax(n) * dim);
  sum_partial_ = reinterpret_cast<double*>(MakeFloats(2 * kSumBlocks));
  for (Cells* cells : {&delta_, &last_normed_, &d_normed_, &d_copy_}) *cells = MakeCells(n * dim);
  hidden_ = MakeCells(n * hidden);
  d_qkv_ = MakeCells(n * qkv_width);
  d_attention_ = MakeCells(n * width);
  logits_ = MakeCells(std::min(n, options_.logit_positions) * logit_stride());
  return true;
}

void LlamaProgram::Apply(Cells x, const LlamaPlaces::Matrix& w, const DeviceWeights& weights, int64_t n,
                         Cells y, int64_t y_stride) {
  device_.Multiply({.m = n,
                    .n = w.rows,
                    .k = w.cols,
                    .a = {x, w.cols},
                    .b = {weights.matrices.At(w.offset), w.cols, true},
                    .c = {y, y_stride}});
}

void LlamaProgram::Unapply(Cells dy, int64_t dy_stride, const LlamaPlaces::Matrix& w,
                           const DeviceWeights& weights, int64_t n, Cells dx) {
  device_.Multiply({.m = n,
                    .n = w.cols,
                    .k = w.rows,
                    .a = {dy, dy_stride},
                    .b = {weights.matrices.At(w.offset), w.cols},
                    .c = {dx, w.cols}});
}

void LlamaProgram::AddWeightGradient(Cells dy, int64_t dy_stride, Cells x, const LlamaPlaces::Matrix& w,
                                     int64_t n, float* gradient) {
  device_.Multiply({.m = w.rows,
                    .n = w.cols,
                    .k = n,
                    .a = {dy, dy_stride, true},
                    .b = {x, w.cols},
                    .c = {CellsOf(gradient + w.offset), w.cols},
                    .beta = 1});
}

void LlamaProgram::Forward(const DeviceBatch& batch, const DeviceWeights& weights) {
  const edge::ModelConfig& config = places_.config;
  const int64_t n = batch.size(), dim = config.dim, hidden = config.hidden_dim;
  const AttentionSizes sizes = SizesOf(batch);
  device_.Gather(batch.tokens, n, dim, weights.parameters + places_.embedding.offset, layers_[0].input);
  const float* residual = layers_[0].input;
  const auto norm = [&](const Cells& delta, float* sum, int64_t weight, Cells normed, float* scale) {
    device_.Norm(
        {n, dim, config.norm_epsilon, residual, delta, sum, weights.parameters + weight, normed, scale});
    residual = sum;
  };
  for (size_t l = 0; l < layers_.size(); ++l) {
    const LlamaPlaces::Layer& w = places_.layers[l];
    const Activations& a = layers_[l];
    norm(l == 0 ? Cells{nullptr, options_.type} : delta_, a.input, w.attention_norm, a.input_normed,
         a.input_scale);
    Apply(a.input_normed, w.qkv, weights, n, a.qkv, w.qkv.rows);
    device_.Rotate(a.qkv, n, w.qkv.rows, config.heads + config.kv_heads, config.head_dim, batch.positions,
                   cosine_, sine_, 1.0f);
    device_.Attend(sizes, a.qkv, a.attention, a.log_sum);
    Apply(a.attention, w.attention_out, weights, n, delta_, dim);
    norm(delta_, a.middle, w.feed_forward_norm, a.middle_normed, a.middle_scale);
    Apply(a.middle_normed, w.gate_up, weights, n, a.gate_up, 2 * hidden);
    device_.Swiglu(a.gate_up, n, hidden, hidden_);
    Apply(hidden_, w.down, weights, n, delta_, dim);
  }
  norm(delta_, last_, places_.final_norm, last_normed_, last_scale_);
}

void LlamaProgram::Head(const DeviceBatch& batch, const DeviceWeights& weights, float* gradient,
                        double* loss) {
  const int64_t n = batch.size(), dim = places_.config.dim, stride = logit_stride();
  for (int64_t first = 0; first < n; first += options_.logit_positions) {
    const int64_t count = std::min(options_.logit_positions, n - first);
    const Cells x = last_normed_.At(first * dim);
    Apply(x, places_.output, weights, count, logits_, stride);
    device_.CrossEntropy(logits_, stride, batch.targets + first, count, places_.config.vocab_size,
                         batch.scalars, gradient != nullptr, losses_ + first);
    if (gradient == nullptr) continue;
    Unapply(logits_, stride, places_.output, weights, count, d_normed_.At(first * dim));
    AddWeightGradient(logits_, stride, x, places_.output, count, gradient);
  }
  device_.Sum(losses_, n, sum_partial_, loss);
}

void LlamaProgram::NormGradient(const float* x, int64_t weight, const float* scale,
                                const DeviceWeights& weights, int64_t n, bool add, float* gradient) {
  device_.NormGradient({n, places_.config.dim, d_normed_, x, weights.parameters + weight, scale, add,
                        d_residual_, d_copy_, norm_partial_, gradient + weight});
}

void LlamaProgram::BackwardLayer(const DeviceBatch& batch, const DeviceWeights& weights, int32_t l,
                                 float* gradient) {
  const edge::ModelConfig& config = places_.config;
  const LlamaPlaces::Layer& w = places_.layers[l];
  const Activations& a = layers_[l];
  const int64_t n = batch.size(), dim = config.dim, hidden = config.hidden_dim;

  Unapply(d_copy_, dim, w.down, weights, n, hidden_);
  device_.SwigluGradient(a.gate_up, hidden_, n, hidden);  // hidden_ is the hidden layer again
  AddWeightGradient(d_copy_, dim, hidden_, w.down, n, gradient);
  AddWeightGradient(a.gate_up, 2 * hidden, a.middle_normed, w.gate_up, n, gradient);
  Unapply(a.gate_up, 2 * hidden, w.gate_up, weights, n, d_normed_);
  NormGradient(a.middle, w.feed_forward_norm, a.middle_scale, weights, n, true, gradient);

  Unapply(d_copy_, dim, w.attention_out, weights, n, d_attention_);
  AddWeightGradient(d_copy_, dim, a.attention, w.attention_out, n, gradient);
  device_.AttendGradient(SizesOf(batch), a.qkv, a.attention, a.log_sum, d_attention_, dot_, d_qkv_);
  device_.Rotate(d_qkv_, n, w.qkv.rows, config.heads + config.kv_heads, config.head_dim, batch.positions,
                 cosine_, sine_, -1.0f);
  AddWeightGradient(d_qkv_, w.qkv.rows, a.input_normed, w.qkv, n, gradient);
  Unapply(d_qkv_, w.qkv.rows, w.qkv, weights, n, d_normed_);
  NormGradient(a.input, w.attention_norm, a.input_scale, weights, n, true, gradient);
}

void LlamaProgram::Gradient(const DeviceBatch& batch, const DeviceWeights& weights, float* gradient,
                            double* loss, const GradientSink& sink) {
  const int64_t n = batch.size(), dim = places_.config.dim;
  Forward(batch, weights);
  Head(batch, weights, gradient, loss);
  NormGradient(last_, places_.final_norm, last_scale_, weights, n, false, gradient);
  // What lies behind the layers: the final norm, and an output matrix of its own.
  if (sink) sink(places_.layers.back().end, places_.size);
  for (int32_t l = places_.config.layers - 1; l >= 0; --l) {
    BackwardLayer(batch, weights, l, gradient);
    if (sink) sink(places_.layers[l].begin, places_.layers[l].end);
  }
  device_.ScatterAdd(batch.scatter, dim, d_residual_, scatter_partial_, gradient + places_.embedding.offset);
  if (sink) sink(0, places_.layers.front().begin);
}

void LlamaProgram::Loss(const DeviceBatch& batch, const DeviceWeights& weights, double* loss) {
  Forward(batch, weights);
  Head(batch, weights, nullptr, loss);
}

void LlamaProgram::Logits(const DeviceBatch& batch, const DeviceWeights& weights,
                          const std::function<void(int64_t, int64_t, const float*)>& visit) {
  const int64_t n = batch.size(), dim = places_.config.dim, vocab = places_.config.vocab_size;
  Forward(batch, weights);
  // The logits' buffer holds half as many in f32, where the step's type is bfloat16.
  const bool half = options_.type == CellType::kBf16;
  const int64_t room = std::min(n, options_.logit_positions) / (half ? 2 : 1);
  float* logits = static_cast<float*>(logits_.data);
  if (room == 0) logits = MakeFloats(vocab);  // a single position
  const int64_t step = std::max<int64_t>(1, room);
  for (int64_t first = 0; first < n; first += step) {
    const int64_t count = std::min(step, n - first);
    Apply(last_normed_.At(first * dim), places_.output, weights, count, CellsOf(logits), vocab);
    visit(first, count, logits);
  }
}

}  // namespace bonsai::cuda
