// A Llama's forward and backward pass as calls of a StepDevice: which buffers, in which order, in what
// pieces. The mathematics is llama_pass.cc's; what differs is what a GPU wants: the residual stream stays f32
// and all that products read is of the step's type, residual addition and norm are one operation, the norms'
// outputs are kept instead of made again.
//
// Memory for a token in bfloat16: 20 dim + 4 hidden bytes for each layer (the stream before and in the middle
// 8 dim, both norms' outputs 4 dim, queries, keys, values and attention's output 8 dim where each head has
// its own keys, gate and up 4 hidden): 23 KB x 12 layers for the 124M shape, 18 GB for 65,536 tokens. Used by
// one thread at a time.
#ifndef BONSAI_WORKER_TRAIN_CUDA_LLAMA_PROGRAM_H_
#define BONSAI_WORKER_TRAIN_CUDA_LLAMA_PROGRAM_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "worker/train/cuda/llama_places.h"
#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

struct ProgramOptions {
  CellType type = CellType::kF32;
  // Positions whose logits are held together. A chunk's product with the output matrix adds to that matrix's
  // f32 gradient, 8 V D bytes read and written for 2 V D FLOPs a position: at 3 TB/s and 800 TFLOP/s the
  // products of 1,100 positions take as long as that, so chunks are several times as long.
  int64_t logit_positions = 8192;
};

// A batch on the device.
struct DeviceBatch {
  int64_t rows = 0, positions = 0;
  const int32_t* tokens = nullptr;
  const int32_t* targets = nullptr;
  ScatterPlan scatter;
  const StepScalars* scalars = nullptr;

  int64_t size() const { return rows * positions; }
};

struct DeviceWeights {
  const float* parameters = nullptr;
  Cells matrices;  // the parameters in the step's type
};

// Told when a part of the gradient, begin .. end, is complete; the parts come in the order of the work.
using GradientSink = std::function<void(int64_t begin, int64_t end)>;

class LlamaProgram {
 public:
  // `device` and `places` outlive this.
  LlamaProgram(StepDevice& device, const LlamaPlaces& places, const ProgramOptions& options);
  ~LlamaProgram();
  LlamaProgram(const LlamaProgram&) = delete;
  LlamaProgram& operator=(const LlamaProgram&) = delete;

  // Calls visit(begin, end) for the parts of a gradient in the order in which Gradient completes them.
  static void ForEachPart(const LlamaPlaces& places, const GradientSink& visit) {
    visit(places.layers.back().end, places.size);  // the final norm, and an output matrix of its own
    for (auto layer = places.layers.rbegin(); layer != places.layers.rend(); ++layer)
      visit(layer->begin, layer->end);
    visit(0, places.layers.front().begin);
  }

  // Makes room for batches of so many positions; true if buffers moved.
  bool Reserve(int64_t size);

  // Queues: gradient += scalars->loss_scale times that of the summed loss; *loss = the summed loss.
  void Gradient(const DeviceBatch& batch, const DeviceWeights& weights, float* gradient, double* loss,
                const GradientSink& sink);
  // Queues the loss alone.
  void Loss(const DeviceBatch& batch, const DeviceWeights& weights, double* loss);
  // Calls visit(first, count, logits) for runs of positions, logits[count, vocabulary] f32 on the device.
  void Logits(const DeviceBatch& batch, const DeviceWeights& weights,
              const std::function<void(int64_t, int64_t, const float*)>& visit);

 private:
  struct Activations {
    float *input, *middle;              // [n, dim]
    float *input_scale, *middle_scale;  // [n]
    float* log_sum;                     // [rows, heads, positions]
    Cells input_normed, middle_normed;  // [n, dim]
    Cells qkv, attention, gate_up;
  };

  AttentionSizes SizesOf(const DeviceBatch& batch) const;
  Cells MakeCells(int64_t count);
  float* MakeFloats(int64_t count);
  void ReleaseBuffers();
  int64_t logit_stride() const;

  // y[n, rows] = x W^T, and the two products of its gradient.
  void Apply(Cells x, const LlamaPlaces::Matrix& w, const DeviceWeights& weights, int64_t n, Cells y,
             int64_t y_stride);
  void Unapply(Cells dy, int64_t dy_stride, const LlamaPlaces::Matrix& w, const DeviceWeights& weights,
               int64_t n, Cells dx);
  void AddWeightGradient(Cells dy, int64_t dy_stride, Cells x, const LlamaPlaces::Matrix& w, int64_t n,
                         float* gradient);
  void NormGradient(const float* x, int64_t weight, const float* scale, const DeviceWeights& weights,
                    int64_t n, bool add, float* gradient);

  void Forward(const DeviceBatch& batch, const DeviceWeights& weights);
  void Head(const DeviceBatch& batch, const DeviceWeights& weights, float* gradient, double* loss);
  void BackwardLayer(const DeviceBatch& batch, const DeviceWeights& weights, int32_t l, float* gradient);

  StepDevice& device_;
  const LlamaPlaces& places_;
  const ProgramOptions options_;
  float *cosine_ = nullptr, *sine_ = nullptr;  // [max_seq_len, head_dim / 2]

  int64_t reserved_ = 0;
  std::vector<void*> buffers_;
  std::vector<Activations> layers_;
  float *last_ = nullptr, *last_scale_ = nullptr, *losses_ = nullptr;
  float *d_residual_ = nullptr, *dot_ = nullptr, *norm_partial_ = nullptr, *scatter_partial_ = nullptr;
  double* sum_partial_ = nullptr;
  Cells delta_, last_normed_, hidden_, logits_, d_normed_, d_copy_, d_qkv_, d_attention_;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_LLAMA_PROGRAM_H_
