#include "worker/train/cuda/peak_flops.h"

#include <chrono>
#include <vector>

namespace bonsai::cuda {
namespace {

// In -1 .. 1 (Knuth's MMIX): zeros would be multiplied faster.
std::vector<Bf16> Values(int64_t count) {
  std::vector<Bf16> values(static_cast<size_t>(count));
  uint64_t state = 1;
  for (Bf16& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    value = FromFloat<Bf16>(static_cast<float>(static_cast<double>(state >> 40) / double{1 << 23} - 1.0));
  }
  return values;
}

}  // namespace

double MeasureProductFlops(StepDevice& device) {
  constexpr int64_t kSide = 8192;
  constexpr int kProducts = 10;
  Cells cells[3];
  const std::vector<Bf16> values = Values(kSide * kSide);
  for (Cells& c : cells) {
    c = {device.Allocate(kSide * kSide * 2), CellType::kBf16};
    device.CopyIn(c.data, values.data(), values.size() * 2);
  }
  const auto multiply = [&] {
    device.Multiply({.m = kSide,
                     .n = kSide,
                     .k = kSide,
                     .a = {cells[0], kSide},
                     .b = {cells[1], kSide, true},
                     .c = {cells[2], kSide}});
  };
  Bf16 one;
  for (int i = 0; i < 3; ++i) multiply();
  device.CopyOut(&one, cells[2].data, sizeof(one));
  const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kProducts; ++i) multiply();
  device.CopyOut(&one, cells[2].data, sizeof(one));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / kProducts;
  for (const Cells& c : cells) device.Release(c.data);
  return 2.0 * kSide * kSide * kSide / seconds;
}

double PeakFlops(StepDevice& device, const std::string& name) {
  if (name.find("H100") != std::string::npos || name.find("H200") != std::string::npos) return 989e12;
  if (name.find("A100") != std::string::npos) return 312e12;
  return MeasureProductFlops(device);
}

}  // namespace bonsai::cuda
