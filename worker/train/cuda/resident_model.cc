#include "worker/train/cuda/resident_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace bonsai::cuda {
ResidentModel::ResidentModel(StepDevice& device, const edge::ModelConfig& config,
                             const ResidentOptions& options, GradientReducer* reducer)
    : device_(device),
      places_(config),
      options_(options),
      reducer_(reducer),
      program_(device, places_, options.program),
      order_(config.vocab_size) {
  const auto make = [&](int64_t bytes) { return device_.Allocate(static_cast<size_t>(bytes)); };
  for (float** buffer : {&parameters_, &gradient_, &moment1_, &moment2_}) {
    *buffer = static_cast<float*>(make(places_.size * 4));
  }
  const bool bf16 = options.program.type == CellType::kBf16;
  if (bf16) packed_ = static_cast<Bf16*>(make(places_.size * 2));
  update_scalars_ = static_cast<UpdateScalars*>(make(sizeof(UpdateScalars)));
  square_ = static_cast<double*>(make(sizeof(double)));
  sum_partial_ = static_cast<double*>(make(kSumBlocks * 8));
  losses_ = static_cast<double*>(make(kLossesMax * 8));
  pass_loss_ = static_cast<double*>(make(sizeof(double)));
  const std::vector<UpdateChunk> chunks = ChunksOf(places_, options.muon);
  chunk_count_ = static_cast<int64_t>(chunks.size());
  chunks_ = static_cast<UpdateChunk*>(make(chunk_count_ * static_cast<int64_t>(sizeof(UpdateChunk))));
  device_.CopyIn(chunks_, chunks.data(), chunks.size() * sizeof(UpdateChunk));
  if (!options.muon) return;
  matrices_ = MuonMatricesOf(places_, options.normalize_rows);
  int64_t values = 0, squares = 0, rows = 0;
  for (const MuonMatrices& m : matrices_) {
    const int64_t side = std::min(m.rows, m.cols);
    values = std::max(values, m.count * m.size());
    squares = std::max(squares, m.count * side * side);
    rows = std::max(rows, m.count * 2 * m.rows);
  }
  const int64_t cell = bf16 ? 2 : 4;
  for (Cells* cells : {&steps_, &next_}) *cells = {make(values * cell), options.program.type};
  for (Cells* cells : {&gram_, &square_matrix_}) *cells = {make(squares * cell), options.program.type};
  matrix_squares_ = static_cast<double*>(make(config.layers * 8));
  row_scales_ = static_cast<float*>(make(rows * 4));
}

ResidentModel::~ResidentModel() {
  device_.ForgetRepeats();
  for (void* memory : std::initializer_list<void*>{
           parameters_,     gradient_,    moment1_,    moment2_,   packed_,    update_scalars_,
           square_,         sum_partial_, losses_,     pass_loss_, chunks_,    staged_[0],
           staged_[1],      taken_,       steps_.data, next_.data, gram_.data, square_matrix_.data,
           matrix_squares_, row_scales_}) {
    if (memory != nullptr) device_.Release(memory);
  }
  for (int32_t* memory : pinned_) {
    if (memory != nullptr) device_.ReleasePinned(memory);
  }
}

void ResidentModel::Load(const float* parameters, const float* moment1, const float* moment2) {
  const size_t bytes = static_cast<size_t>(places_.size) * sizeof(float);
  device_.CopyIn(parameters_, parameters, bytes);
  if (moment1 != nullptr) device_.CopyIn(moment1_, moment1, bytes);
  if (moment2 != nullptr) device_.CopyIn(moment2_, moment2, bytes);
  if (packed_ != nullptr) device_.Pack(parameters_, places_.size, packed_);
}

void ResidentModel::Save(float* parameters, float* moment1, float* moment2) {
  const size_t bytes = static_cast<size_t>(places_.size) * sizeof(float);
  if (parameters != nullptr) device_.CopyOut(parameters, parameters_, bytes);
  if (moment1 != nullptr) device_.CopyOut(moment1, moment1_, bytes);
  if (moment2 != nullptr) device_.CopyOut(moment2, moment2_, bytes);
}

void ResidentModel::ReadGradient(float* gradient) {
  device_.CopyOut(gradient, gradient_, static_cast<size_t>(places_.size) * sizeof(float));
}

void ResidentModel::ClearGradient() {
  device_.Zero(gradient_, static_cast<size_t>(places_.size) * sizeof(float));
}

DeviceWeights ResidentModel::weights() const {
  const Cells matrices =
      packed_ != nullptr ? Cells{packed_, CellType::kBf16} : Cells{parameters_, CellType::kF32};
  return {parameters_, matrices};
}

template <typename Visit>
void ResidentModel::ForEachPass(const HostBatch& batch, const Visit& visit) {
  constexpr int64_t kGridMax = 65535;  // CUDA's bound on blocks in z, which are attention's rows
  const int64_t rows_max =
      std::clamp<int64_t>(options_.pass_positions / std::max<int64_t>(1, batch.positions), 1, kGridMax);
  // Passes of nearly equal size: the memory of the largest, and no small remainder.
  const int64_t passes = (batch.rows + rows_max - 1) / rows_max;
  for (int64_t pass = 0; pass < passes; ++pass) {
    const int64_t first = batch.rows * pass / passes, end = batch.rows * (pass + 1) / passes;
    const int64_t at = first * batch.positions;
    visit(HostBatch{end - first, batch.positions, batch.tokens + at, batch.targets + at}, pass + 1 == passes);
  }
}

void ResidentModel::Reserve(int64_t n) {
  if (program_.Reserve(n)) device_.ForgetRepeats();
  const int64_t words = WordsOf(n);
  if (words <= staged_words_) return;
  // What was put and not taken moves along.
  const size_t old_bytes = static_cast<size_t>(staged_words_) * 4, bytes = static_cast<size_t>(words) * 4;
  staged_words_ = words;
  device_.ForgetRepeats();
  for (int slot = 0; slot < 2; ++slot) {
    int32_t* const staged = static_cast<int32_t*>(device_.Allocate(bytes));
    if (staged_[slot] != nullptr) {
      device_.WaitStaged(slot);
      device_.CopyWithin(staged, staged_[slot], old_bytes);
      device_.Release(staged_[slot]);
      device_.ReleasePinned(pinned_[slot]);
    }
    staged_[slot] = staged;
    pinned_[slot] = static_cast<int32_t*>(device_.AllocatePinned(bytes));
  }
  if (taken_ != nullptr) device_.Release(taken_);
  taken_ = static_cast<int32_t*>(device_.Allocate(bytes));
}

void ResidentModel::Put(const HostBatch& pass, float scale) {
  const int64_t n = pass.rows * pass.positions;
  Reserve(n);
  last_put_ = pass;
  last_scale_ = scale;
  const int slot = put_++ % 2;
  device_.WaitStaged(slot);
  int32_t* const words = pinned_[slot];
  const StepScalars scalars = {scale, options_.z_loss};
  std::memcpy(words, &scalars, sizeof(scalars));
  std::copy_n(pass.tokens, n, words + kScalarWords);
  std::copy_n(pass.targets, n, words + kScalarWords + n);
  order_.Fill(pass.tokens, n, words + kScalarWords + 2 * n);
  device_.StageIn(slot, staged_[slot], words, static_cast<size_t>(WordsOf(n)) * 4);
}

bool ResidentModel::IsPut(const HostBatch& pass, float scale) {
  if (put_ == take_) return false;
  const bool same = pass.tokens == last_put_.tokens && pass.targets == last_put_.targets &&
                    pass.rows == last_put_.rows && pass.positions == last_put_.positions &&
                    scale == last_scale_;
  if (!same) take_ = put_;
  return same;
}

DeviceBatch ResidentModel::Take(const HostBatch& pass) {
  const int64_t n = pass.rows * pass.positions;
  const int slot = take_++ % 2;
  device_.TakeStaged(slot, taken_, staged_[slot], static_cast<size_t>(WordsOf(n)) * 4);
  return {pass.rows,
          pass.positions,
          taken_ + kScalarWords,
          taken_ + kScalarWords + n,
          ScatterOrder::PlanAt(taken_ + kScalarWords + 2 * n, n),
          reinterpret_cast<const StepScalars*>(taken_)};
}

void ResidentModel::Prepare(const HostBatch& batch, float scale) {
  bool first = true;
  ForEachPass(batch, [&](const HostBatch& pass, bool) {
    if (std::exchange(first, false) && !IsPut(pass, scale)) Put(pass, scale);
  });
}

void ResidentModel::QueuePass(const HostBatch& pass, float scale, bool last) {
  if (!IsPut(pass, scale)) Put(pass, scale);
  const DeviceBatch batch = Take(pass);
  if (last && reducer_ != nullptr) {
    // Not recorded: NCCL wants a sum to be part of a graph on all ranks or on none, and ranks whose shares
    // of the rows differ record at different times, or never.
    GradientBuckets buckets(*reducer_, gradient_, places_.size);
    program_.Gradient(batch, weights(), gradient_, pass_loss_,
                      [&](int64_t begin, int64_t end) { buckets.Add(begin, end); });
    buckets.Finish();
  } else {
    device_.Repeat(KeyOf(Work::kGradient, pass.rows, pass.positions),
                   [&] { program_.Gradient(batch, weights(), gradient_, pass_loss_, nullptr); });
  }
  if (queued_ == kLossesMax) carried_loss_ = TakeLoss();
  device_.CopyWithin(losses_ + queued_, pass_loss_, sizeof(double));
  ++queued_;
}

// A rank without rows has nothing to add, but the others wait for it.
void ResidentModel::ReduceNothing() {
  GradientBuckets buckets(*reducer_, gradient_, places_.size);
  LlamaProgram::ForEachPart(places_, [&](int64_t begin, int64_t end) { buckets.Add(begin, end); });
  buckets.Finish();
}

void ResidentModel::QueueGradient(const HostBatch& batch, float scale) {
  std::vector<HostBatch> passes;
  ForEachPass(batch, [&](const HostBatch& pass, bool) { passes.push_back(pass); });
  if (passes.empty() && reducer_ != nullptr) ReduceNothing();
  // Before the first: buffers must not move while a pass is staged for later.
  for (const HostBatch& pass : passes) Reserve(pass.rows * pass.positions);
  for (size_t i = 0; i < passes.size(); ++i) {
    QueuePass(passes[i], scale, i + 1 == passes.size());
    if (i + 1 < passes.size()) Put(passes[i + 1], scale);
  }
}

double ResidentModel::TakeLoss() {
  std::vector<double> losses(static_cast<size_t>(std::exchange(queued_, 0)));
  double sum = std::exchange(carried_loss_, 0.0);
  if (losses.empty()) return sum;
  device_.CopyOut(losses.data(), losses_, losses.size() * sizeof(double));
  for (const double loss : losses) sum += loss;
  return sum;
}

double ResidentModel::Loss(const HostBatch& batch) {
  double sum = 0;
  ForEachPass(batch, [&](const HostBatch& pass, bool) {
    IsPut({}, 0.0f);  // what was prepared is not this
    Put(pass, 0.0f);
    const DeviceBatch device_batch = Take(pass);
    device_.Repeat(KeyOf(Work::kLoss, pass.rows, pass.positions),
                   [&] { program_.Loss(device_batch, weights(), pass_loss_); });
    double loss = 0;
    device_.CopyOut(&loss, pass_loss_, sizeof(loss));
    sum += loss;
  });
  return sum;
}

void ResidentModel::Logits(const HostBatch& batch, float* logits) {
  const int64_t vocab = places_.config.vocab_size;
  ForEachPass(batch, [&](const HostBatch& pass, bool) {
    IsPut({}, 0.0f);
    Put(pass, 0.0f);
    program_.Logits(Take(pass), weights(), [&](int64_t, int64_t count, const float* values) {
      device_.CopyOut(logits, values, static_cast<size_t>(count * vocab) * sizeof(float));
      logits += count * vocab;
    });
  });
}

double ResidentModel::GradientNorm() {
  device_.Repeat(KeyOf(Work::kNorm, 0, 0),
                 [&] { device_.SumSquares(gradient_, places_.size, sum_partial_, square_); });
  double square = 0;
  device_.CopyOut(&square, square_, sizeof(square));
  return std::sqrt(square);
}

}  // namespace bonsai::cuda
