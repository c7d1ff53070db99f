// Matrix products by cuBLASLt: an algorithm is chosen by its heuristic once for each shape and kept, so that
// the same product is always the same kernel and gives the same bits.
//
// Used by one thread at a time, for one stream.
#ifndef BONSAI_WORKER_TRAIN_CUDA_CUBLAS_PRODUCTS_H_
#define BONSAI_WORKER_TRAIN_CUDA_CUBLAS_PRODUCTS_H_

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <array>
#include <map>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

class CublasProducts {
 public:
  explicit CublasProducts(cudaStream_t stream);
  ~CublasProducts();
  CublasProducts(const CublasProducts&) = delete;
  CublasProducts& operator=(const CublasProducts&) = delete;

  void Multiply(const Product& product);

 private:
  struct Plan {
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t left, right, result;
    cublasLtMatmulAlgo_t algorithm;
  };
  // Everything but the addresses; of those, how far they are aligned.
  using Key = std::array<int64_t, 18>;

  static Key KeyOf(const Product& product);
  const Plan& PlanOf(const Product& product);
  void Choose(const Product& product, Plan& plan);

  const cudaStream_t stream_;
  cublasLtHandle_t handle_;
  void* workspace_;
  std::map<Key, Plan> plans_;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_CUBLAS_PRODUCTS_H_
