#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "worker/train/cuda/host_cells.h"
#include "worker/train/cuda/host_device.h"

namespace bonsai::cuda {
namespace {

// The operand as f32, row-major without gaps, not transposed.
std::vector<float> Plain(const Product::Matrix& matrix, int64_t batch, int64_t rows, int64_t cols) {
  std::vector<float> plain(rows * cols);
  const Cells cells = matrix.cells.At(batch * matrix.step);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < cols; ++c) {
      plain[r * cols + c] = Get(cells, matrix.transposed ? c * matrix.stride + r : r * matrix.stride + c);
    }
  }
  return plain;
}

}  // namespace

void* HostMemoryDevice::Allocate(size_t bytes) {
  constexpr size_t kAlignment = 256;
  const size_t whole = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, whole);
  std::memset(memory, 0, whole);
  return memory;
}
void HostMemoryDevice::Release(void* memory) { std::free(memory); }

void HostMemoryDevice::CopyIn(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
void HostMemoryDevice::CopyOut(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
void HostMemoryDevice::CopyWithin(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }
void HostMemoryDevice::Zero(void* memory, size_t bytes) { std::memset(memory, 0, bytes); }
void HostMemoryDevice::StageIn(int, void* to, const void* pinned, size_t bytes) {
  std::memcpy(to, pinned, bytes);
}
void HostMemoryDevice::WaitStaged(int) {}
void HostMemoryDevice::TakeStaged(int, void* to, const void* staged, size_t bytes) {
  std::memcpy(to, staged, bytes);
}
void HostMemoryDevice::Repeat(uint64_t, const std::function<void()>& work) { work(); }

void HostMemoryDevice::Multiply(const Product& p) {
  std::vector<float> sums(p.n);
  for (int64_t batch = 0; batch < p.batch; ++batch) {
    const std::vector<float> a = Plain(p.a, batch, p.m, p.k), b = Plain(p.b, batch, p.k, p.n);
    const Cells c = p.c.cells.At(batch * p.c.step);
    for (int64_t i = 0; i < p.m; ++i) {
      std::fill(sums.begin(), sums.end(), 0.0f);
      for (int64_t k = 0; k < p.k; ++k) {
        const float left = a[i * p.k + k];
        const float* right = b.data() + k * p.n;
        for (int64_t j = 0; j < p.n; ++j) sums[j] += left * right[j];
      }
      for (int64_t j = 0; j < p.n; ++j) {
        const int64_t at = i * p.c.stride + j;
        Set(c, at, p.alpha * sums[j] + (p.beta == 0 ? 0.0f : p.beta * Get(c, at)));
      }
    }
  }
}

}  // namespace bonsai::cuda
