#include "worker/train/cuda/cublas_products.h"

#include <utility>

#include "worker/train/cuda/cuda_call.h"

namespace bonsai::cuda {
namespace {

// What NVIDIA recommends for Hopper (cuBLAS documentation, "cublasSetWorkspace").
constexpr size_t kWorkspaceBytes = size_t{32} << 20;

cudaDataType_t TypeOf(const Product::Matrix& matrix) {
  return matrix.cells.type == CellType::kF32 ? CUDA_R_32F : CUDA_R_16BF;
}

// Up to 256 bytes, which is what cuBLASLt asks about.
uint32_t AlignmentOf(const Product::Matrix& matrix) {
  uint32_t alignment = 256;
  while (reinterpret_cast<uintptr_t>(matrix.cells.data) % alignment != 0) alignment /= 2;
  return alignment;
}

// A row-major matrix is its transpose, column-major: c^T = b^T a^T, so b is cuBLAS's left operand.
cublasLtMatrixLayout_t LayoutOf(const Product::Matrix& matrix, int64_t rows, int64_t cols, int64_t batch) {
  if (matrix.transposed) std::swap(rows, cols);
  cublasLtMatrixLayout_t layout;
  BONSAI_CUDA_CALL(cublasLtMatrixLayoutCreate(&layout, TypeOf(matrix), static_cast<uint64_t>(cols),
                                              static_cast<uint64_t>(rows), matrix.stride));
  const int32_t count = static_cast<int32_t>(batch);
  BONSAI_CUDA_CALL(
      cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof(count)));
  BONSAI_CUDA_CALL(cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                                    &matrix.step, sizeof(matrix.step)));
  return layout;
}

void SetTransposed(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t side, bool transposed) {
  const cublasOperation_t value = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  BONSAI_CUDA_CALL(cublasLtMatmulDescSetAttribute(operation, side, &value, sizeof(value)));
}

template <typename Value>
void Prefer(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute,
            const Value& value) {
  BONSAI_CUDA_CALL(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)));
}

}  // namespace

CublasProducts::CublasProducts(cudaStream_t stream) : stream_(stream) {
  BONSAI_CUDA_CALL(cublasLtCreate(&handle_));
  BONSAI_CUDA_CALL(cudaMalloc(&workspace_, kWorkspaceBytes));
}

CublasProducts::~CublasProducts() {
  for (auto& [key, plan] : plans_) {
    cublasLtMatrixLayoutDestroy(plan.left);
    cublasLtMatrixLayoutDestroy(plan.right);
    cublasLtMatrixLayoutDestroy(plan.result);
    cublasLtMatmulDescDestroy(plan.operation);
  }
  cudaFree(workspace_);
  cublasLtDestroy(handle_);
}

CublasProducts::Key CublasProducts::KeyOf(const Product& p) {
  Key key = {p.m, p.n, p.k, p.batch, p.beta != 0};
  size_t at = 5;
  for (const Product::Matrix* matrix : {&p.a, &p.b, &p.c}) {
    key[at++] = static_cast<int64_t>(matrix->cells.type) * 2 + matrix->transposed;
    key[at++] = matrix->stride;
    key[at++] = matrix->step;
    key[at++] = AlignmentOf(*matrix);
  }
  return key;
}

void CublasProducts::Choose(const Product& p, Plan& plan) {
  cublasLtMatmulPreference_t preference;
  BONSAI_CUDA_CALL(cublasLtMatmulPreferenceCreate(&preference));
  Prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspaceBytes);
  Prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, AlignmentOf(p.b));
  Prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, AlignmentOf(p.a));
  Prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, AlignmentOf(p.c));
  Prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, AlignmentOf(p.c));
  // A sum that is split over blocks is added up in f32 in the workspace, in order.
  const uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  Prefer(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
  cublasLtMatmulHeuristicResult_t found = {};
  int count = 0;
  BONSAI_CUDA_CALL(cublasLtMatmulAlgoGetHeuristic(handle_, plan.operation, plan.left, plan.right, plan.result,
                                                  plan.result, preference, 1, &found, &count));
  if (count == 0)
    DieOfCuda("cublasLtMatmulAlgoGetHeuristic", "no algorithm for this shape", __FILE__, __LINE__);
  plan.algorithm = found.algo;
  BONSAI_CUDA_CALL(cublasLtMatmulPreferenceDestroy(preference));
}

const CublasProducts::Plan& CublasProducts::PlanOf(const Product& p) {
  const Key key = KeyOf(p);
  const auto known = plans_.find(key);
  if (known != plans_.end()) return known->second;
  Plan plan;
  // Sums in f32; f32 operands are not rounded to TF32, which would be CUBLAS_COMPUTE_32F_FAST_TF32.
  BONSAI_CUDA_CALL(cublasLtMatmulDescCreate(&plan.operation, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  SetTransposed(plan.operation, CUBLASLT_MATMUL_DESC_TRANSA, p.b.transposed);
  SetTransposed(plan.operation, CUBLASLT_MATMUL_DESC_TRANSB, p.a.transposed);
  plan.left = LayoutOf(p.b, p.k, p.n, p.batch);
  plan.right = LayoutOf(p.a, p.m, p.k, p.batch);
  plan.result = LayoutOf(p.c, p.m, p.n, p.batch);
  Choose(p, plan);
  return plans_.emplace(key, plan).first->second;
}

void CublasProducts::Multiply(const Product& p) {
  const Plan& plan = PlanOf(p);
  BONSAI_CUDA_CALL(cublasLtMatmul(handle_, plan.operation, &p.alpha, p.b.cells.data, plan.left,
                                  p.a.cells.data, plan.right, &p.beta, p.c.cells.data, plan.result,
                                  p.c.cells.data, plan.result, &plan.algorithm, workspace_, kWorkspaceBytes,
                                  stream_));
}

}  // namespace bonsai::cuda
