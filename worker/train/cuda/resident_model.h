// A model that lives on a device while it is trained: parameters, gradient, moments and the copy that
// products read, in flat buffers of ParameterLayout's order. Gradients are made in passes over some rows
// each; batches are sorted and staged by the host while the device works on the pass before.
//
// DeviceStep (behind TrainStep) and check_gpu call it; one thread at a time, one model on a device at a time
// (a device's recordings know shapes, not models).
#ifndef BONSAI_WORKER_TRAIN_CUDA_RESIDENT_MODEL_H_
#define BONSAI_WORKER_TRAIN_CUDA_RESIDENT_MODEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "worker/train/cuda/gradient_reducer.h"
#include "worker/train/cuda/llama_places.h"
#include "worker/train/cuda/llama_program.h"
#include "worker/train/cuda/scatter_order.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// Rows of token ids in host memory, as TokenBatch.
struct HostBatch {
  int64_t rows = 0, positions = 0;
  const int32_t* tokens = nullptr;
  const int32_t* targets = nullptr;
};

struct ResidentOptions {
  ProgramOptions program;
  // Positions that pass through the model together, rounded to whole rows, at least one row.
  int64_t pass_positions = 65536;
  float z_loss = 0;
  bool muon = false;
  bool normalize_rows = false;  // Muon's
};

class ResidentModel {
 public:
  // `reducer` may be null (one rank) and outlives this, as `device` does.
  ResidentModel(StepDevice& device, const edge::ModelConfig& config, const ResidentOptions& options,
                GradientReducer* reducer = nullptr);
  ~ResidentModel();
  ResidentModel(const ResidentModel&) = delete;
  ResidentModel& operator=(const ResidentModel&) = delete;

  int64_t size() const { return places_.size; }

  // A pass's words in staging: scalars, tokens, targets, plan.
  static constexpr int64_t kScalarWords = 4;
  static int64_t WordsOf(int64_t n) { return kScalarWords + 2 * n + ScatterOrder::Words(n); }

  // Host buffers of size() values. Moments may be null.
  void Load(const float* parameters, const float* moment1, const float* moment2);
  void Save(float* parameters, float* moment1, float* moment2);
  void ReadGradient(float* gradient);

  void ClearGradient();
  // gradient += scale times the batch's; over all ranks if there is a reducer. Returns without waiting.
  void QueueGradient(const HostBatch& batch, float scale);
  // Stages the first pass of the batch that the next QueueGradient brings, while the device is busy. A call
  // with another batch or scale, or of Loss, leaves it unused; its tokens must not have changed.
  void Prepare(const HostBatch& batch, float scale);
  // Waits; the summed cross-entropy, in nats, of the batches queued since the last call, of this rank.
  double TakeLoss();
  double Loss(const HostBatch& batch);
  // logits: [rows, positions, vocabulary] in host memory.
  void Logits(const HostBatch& batch, float* logits);

  // Waits; the gradient's L2 norm.
  double GradientNorm();
  // Moves the parameters. GradientNorm has been called, and its result is finite.
  void Update(const UpdateScalars& scalars);

 private:
  static constexpr int64_t kLossesMax = 4096;  // passes whose losses the device keeps

  // What StepDevice::Repeat remembers: what is done, and for which shape.
  enum class Work : uint64_t { kGradient = 1, kLoss = 2, kNorm = 3, kUpdate = 4 };
  static uint64_t KeyOf(Work work, int64_t rows, int64_t positions) {
    return static_cast<uint64_t>(work) << 56 ^ static_cast<uint64_t>(rows) << 28 ^
           static_cast<uint64_t>(positions);
  }

  template <typename Visit>
  void ForEachPass(const HostBatch& batch, const Visit& visit);
  void Reserve(int64_t n);
  void Put(const HostBatch& pass, float scale);
  // True if this pass is what was put and not taken; forgets it if it is another.
  bool IsPut(const HostBatch& pass, float scale);
  DeviceBatch Take(const HostBatch& pass);
  DeviceWeights weights() const;
  void ReduceNothing();
  void QueuePass(const HostBatch& pass, float scale, bool last);
  void Orthogonalize(const MuonMatrices& matrices);

  StepDevice& device_;
  const LlamaPlaces places_;
  const ResidentOptions options_;
  GradientReducer* const reducer_;
  LlamaProgram program_;
  ScatterOrder order_;

  float *parameters_, *gradient_, *moment1_, *moment2_;
  Bf16* packed_ = nullptr;
  UpdateScalars* update_scalars_;
  double *square_, *sum_partial_, *losses_, *pass_loss_;
  UpdateChunk* chunks_ = nullptr;
  int64_t chunk_count_ = 0;

  int64_t staged_words_ = 0;
  int32_t* pinned_[2] = {nullptr, nullptr};
  int32_t* staged_[2] = {nullptr, nullptr};
  int32_t* taken_ = nullptr;  // where the work reads a pass
  int put_ = 0, take_ = 0;    // passes so far
  HostBatch last_put_;
  float last_scale_ = 0;
  int64_t queued_ = 0;  // losses that nobody took
  double carried_loss_ = 0;

  std::vector<MuonMatrices> matrices_;
  Cells steps_, next_, gram_, square_matrix_;  // Muon's scratch
  double* matrix_squares_ = nullptr;
  float* row_scales_ = nullptr;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_RESIDENT_MODEL_H_
