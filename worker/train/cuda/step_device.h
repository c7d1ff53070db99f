// The seam under a training step: a device's memory, and the operations that a Llama's forward and backward
// pass and its update are made of. LlamaProgram and ResidentModel call it; HostDevice does it in plain loops,
// KernelDevice with the kernels of this folder, on a GPU or, in tests, in an emulation of one. One contract
// test holds for all.
//
// Pointers are the device's. Work is queued and done in the order of the calls; only CopyOut and Wait wait. A
// device that fails in the middle says so on stderr and aborts: the attempt is then the coordinator's to
// repeat. Used by one thread at a time.
#ifndef BONSAI_WORKER_TRAIN_CUDA_STEP_DEVICE_H_
#define BONSAI_WORKER_TRAIN_CUDA_STEP_DEVICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "worker/train/cuda/bfloat16.h"

namespace bonsai::cuda {

enum class CellType { kF32, kBf16 };

// Values on the device.
struct Cells {
  void* data = nullptr;
  CellType type = CellType::kF32;

  Cells At(int64_t offset) const {
    return {static_cast<char*>(data) + offset * (type == CellType::kF32 ? 4 : 2), type};
  }
};

// c[m, n] = alpha * a[m, k] b[k, n] + beta * c, all row-major with rows `stride` apart; a transposed operand
// is stored as [k, m] or [n, k]. a and b are of one type; c is of that type or f32. `batch` products lie
// `step` values apart. Sums are in f32; f32 operands are not rounded to TF32.
struct Product {
  struct Matrix {
    Cells cells;
    int64_t stride = 0;
    bool transposed = false;
    int64_t step = 0;
  };
  int64_t m = 0, n = 0, k = 0;
  Matrix a, b, c;
  float alpha = 1, beta = 0;
  int64_t batch = 1;
};

// rows[n, dim] of the residual stream stays f32; what products read is of the step's type.
struct NormForward {
  int64_t rows = 0, dim = 0;
  float epsilon = 0;
  const float* residual = nullptr;
  Cells delta;                    // added to residual before; data may be null
  float* sum = nullptr;           // residual + delta; unused without a delta
  const float* weight = nullptr;  // [dim]
  Cells normed;
  float* inverse_rms = nullptr;  // [rows]
};

struct NormBackward {
  int64_t rows = 0, dim = 0;
  Cells d_normed;
  const float* x = nullptr;  // what the norm read
  const float* weight = nullptr;
  const float* inverse_rms = nullptr;
  bool add = false;             // to d_residual; otherwise it is replaced
  float* d_residual = nullptr;  // [rows, dim]
  Cells d_residual_copy;        // the same, in the step's type
  float* partial = nullptr;     // scratch: kNormBlocks * dim values
  float* d_weight = nullptr;    // [dim], added to
};

// Of NormBackward's scratch: four blocks for each multiprocessor of an H100. A constant, so that the order of
// the sums does not depend on the device.
inline constexpr int64_t kNormBlocks = 528;

struct AttentionSizes {
  int64_t rows = 0, positions = 0;  // sequences, and their length
  int64_t heads = 0, kv_heads = 0, head_dim = 0;

  BONSAI_EVERYWHERE int64_t qkv_width() const { return (heads + 2 * kv_heads) * head_dim; }
  BONSAI_EVERYWHERE int64_t out_width() const { return heads * head_dim; }
};

// What changes from step to step, in device memory, so that a captured graph need not change.
struct StepScalars {
  float loss_scale;  // of the gradient of the summed loss
  float z_loss;
};

// Rows that are added to a table, sorted by where they go: no two writers for a place, and a fixed order.
// A piece is a run of at most kPieceRows rows of one token; a token of several pieces is a group.
struct ScatterPlan {
  static constexpr int64_t kPieceRows = 32;
  const int32_t* order = nullptr;   // [rows] row numbers, by token and then by row
  const int32_t* pieces = nullptr;  // [pieces, 4]: begin in order, end, token, slot of `partial` or -1
  const int32_t* groups = nullptr;  // [groups, 3]: token, first slot, slots
  const int32_t* counts = nullptr;  // [2]: pieces, groups
  int64_t rows = 0;                 // bounds the pieces; groups and slots are at most SlotsMax
  static int64_t SlotsMax(int64_t rows) { return 2 * (rows / kPieceRows) + 1; }
};

// A run of parameters that one block updates; its offset and (but for the last of a tensor) its length are
// multiples of four.
struct UpdateChunk {
  static constexpr int64_t kValuesMax = 4096;
  int64_t offset;
  int32_t count;
  int32_t decays;  // 1 for matrices
};

struct UpdateScalars {
  float learning_rate, beta1, beta2, epsilon, weight_decay, clip_norm;
  float bias1, bias2;        // 1 - beta^t
  float muon_learning_rate;  // of matrices inside of layers
  float momentum, row_beta;
};

// Flat buffers of one layout.
struct UpdateBuffers {
  float* parameters = nullptr;
  float* gradient = nullptr;
  float* moment1 = nullptr;
  float* moment2 = nullptr;
  Bf16* packed = nullptr;  // a copy of the parameters; null in f32
  const UpdateScalars* scalars = nullptr;
  const double* square = nullptr;  // the gradient's summed squares, for clipping
};

// Muon's matrices of one shape: `count` of them, `stride` values apart in the flat buffers, from `offset` on.
// They are worked on together, next to each other in `steps`, wide side last.
struct MuonMatrices {
  int64_t offset = 0, stride = 0, count = 0, rows = 0, cols = 0;
  bool normalize_rows = false;
  BONSAI_EVERYWHERE int64_t size() const { return rows * cols; }
  BONSAI_EVERYWHERE bool tall() const { return rows > cols; }
};

// The blocks that sum a buffer's squares: two for each multiprocessor of an H100, and a constant, as above.
inline constexpr int64_t kSumBlocks = 264;

class StepDevice {
 public:
  virtual ~StepDevice() = default;

  // Filled with zeros; aligned to 256 bytes.
  virtual void* Allocate(size_t bytes) = 0;
  virtual void Release(void* memory) = 0;
  // Host memory that the device can read while the host goes on.
  virtual void* AllocatePinned(size_t bytes) = 0;
  virtual void ReleasePinned(void* memory) = 0;
  // `from`, in host memory, may be reused at once.
  virtual void CopyIn(void* to, const void* from, size_t bytes) = 0;
  // Waits for all work so far. `to` is in host memory.
  virtual void CopyOut(void* to, const void* from, size_t bytes) = 0;
  virtual void Wait() = 0;  // for all work so far
  virtual void CopyWithin(void* to, const void* from, size_t bytes) = 0;
  virtual void Zero(void* memory, size_t bytes) = 0;

  // Copies pinned memory to slot `slot` (0 or 1) of a staging buffer beside the work that is queued, once the
  // slot's last TakeStaged is done. The pinned memory may be written again when StagedIn has returned.
  virtual void StageIn(int slot, void* to, const void* pinned, size_t bytes) = 0;
  virtual void WaitStaged(int slot) = 0;
  // In the order of the work: waits for the slot's copy, then copies it to where the work reads it.
  virtual void TakeStaged(int slot, void* to, const void* staged, size_t bytes) = 0;

  // Does `work`, a series of calls that ends without CopyOut and is the same at each call with this key (same
  // pointers, same sizes); a device may record it and play it again.
  virtual void Repeat(uint64_t key, const std::function<void()>& work) = 0;
  virtual void ForgetRepeats() = 0;

  virtual void Multiply(const Product& product) = 0;

  // out[rows, dim] = table[tokens].
  virtual void Gather(const int32_t* tokens, int64_t rows, int64_t dim, const float* table, float* out) = 0;
  // table[token] += the sum of its rows[., dim]. partial: scratch, ScatterPlan::SlotsMax * dim values.
  virtual void ScatterAdd(const ScatterPlan& plan, int64_t dim, const float* rows, float* partial,
                          float* table) = 0;
  virtual void Norm(const NormForward& norm) = 0;
  virtual void NormGradient(const NormBackward& norm) = 0;
  // As Kernels::rotate of kernels.h.
  virtual void Rotate(Cells x, int64_t rows, int64_t stride, int64_t heads, int64_t head_dim,
                      int64_t positions, const float* cosine, const float* sine, float sign) = 0;
  // As Kernels::swiglu and swiglu_backward.
  virtual void Swiglu(Cells gate_up, int64_t rows, int64_t hidden, Cells out) = 0;
  virtual void SwigluGradient(Cells gate_up, Cells d_out, int64_t rows, int64_t hidden) = 0;

  // As CausalAttention of attention.h. log_sum and dot are [rows, heads, positions]; dot is scratch.
  virtual void Attend(const AttentionSizes& sizes, Cells qkv, Cells out, float* log_sum) = 0;
  virtual void AttendGradient(const AttentionSizes& sizes, Cells qkv, Cells out, const float* log_sum,
                              Cells d_out, float* dot, Cells d_qkv) = 0;

  // losses[row] = the cross-entropy in nats, 0 where the target is negative. With `gradient`, logits (rows
  // `stride` apart) become scalars->loss_scale times the gradient of that plus z_loss * log_sum^2.
  virtual void CrossEntropy(Cells logits, int64_t stride, const int32_t* targets, int64_t rows, int64_t cols,
                            const StepScalars* scalars, bool gradient, float* losses) = 0;

  // *total = the sum of the values or of their squares. partial: scratch, kSumBlocks values.
  virtual void Sum(const float* values, int64_t count, double* partial, double* total) = 0;
  virtual void SumSquares(const float* values, int64_t count, double* partial, double* total) = 0;

  virtual void Pack(const float* values, int64_t count, Bf16* packed) = 0;
  // AdamW (kernels.h) over the chunks, clipped by the norm of all the gradient.
  virtual void Adamw(const UpdateBuffers& buffers, const UpdateChunk* chunks, int64_t count) = 0;

  // Muon's parts (optimizer.h). Momentum: moment1 and steps[count, rows, cols] or, of tall matrices, their
  // transposes; squares[i] = a matrix's sum of squares.
  virtual void MuonMomentum(const UpdateBuffers& buffers, const MuonMatrices& matrices, Cells steps,
                            double* squares) = 0;
  // steps[i] /= sqrt(squares[i]), where that is not 0.
  virtual void MuonScale(const MuonMatrices& matrices, const double* squares, Cells steps) = 0;
  // square = b * gram + c * square + a * 1, [count, side, side].
  virtual void MuonPolynomial(int64_t count, int64_t side, float a, float b, float c, Cells gram,
                              Cells square) = 0;
  // Moves parameters (and packed) along steps; rows are normalised first if the matrices say so.
  // row_scales: scratch, count * rows values.
  virtual void MuonApply(const UpdateBuffers& buffers, const MuonMatrices& matrices, Cells steps,
                         float* row_scales) = 0;

  // Marks now in the order of the work, for GradientReducer: an opaque stream (cudaStream_t), null on a host.
  virtual void* stream() = 0;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_STEP_DEVICE_H_
