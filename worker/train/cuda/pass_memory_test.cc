#include "worker/train/cuda/pass_memory.h"

#include <gtest/gtest.h>

#include <vector>

#include "worker/train/cuda/host_device.h"
#include "worker/train/cuda/kernel_device.h"
#include "worker/train/cuda/resident_model.h"

namespace bonsai::cuda {
namespace {

edge::ModelConfig ConfigOf(int32_t dim, int32_t hidden, int32_t layers, int32_t heads, int32_t vocab) {
  edge::ModelConfig config;
  config.dim = dim;
  config.hidden_dim = hidden;
  config.layers = layers;
  config.heads = config.kv_heads = heads;
  config.head_dim = dim / heads;
  config.vocab_size = vocab;
  config.max_seq_len = 1024;
  return config;
}

struct CountingMemory : HostMemoryDevice {
  void* Allocate(size_t size) override {
    bytes += static_cast<int64_t>(size);
    return HostMemoryDevice::Allocate(size);
  }
  void* AllocatePinned(size_t size) override { return HostMemoryDevice::Allocate(size); }

  int64_t bytes = 0;
};

TEST(PassMemory, IsWhatAModelAndItsPassAllocate) {
  edge::ModelConfig shared_keys = ConfigOf(64, 160, 3, 4, 300);
  shared_keys.kv_heads = 2;
  for (const edge::ModelConfig& config : {ConfigOf(64, 160, 3, 4, 300), shared_keys}) {
    for (const CellType type : {CellType::kF32, CellType::kBf16}) {
      ResidentOptions options;
      options.program.type = type;
      options.program.logit_positions = 512;
      KernelDevice<CountingMemory> device;
      ResidentModel model(device, config, options);
      const int64_t before = device.bytes;
      // Tables, scalars and losses that no model's size changes.
      constexpr int64_t kSmall = 256 << 10;
      const int64_t model_bytes = ModelBytes(config, options.program);
      EXPECT_GE(before, model_bytes);
      EXPECT_LE(before, model_bytes + kSmall);
      const std::vector<int32_t> tokens(2048, 1);
      model.Prepare({2, 1024, tokens.data(), tokens.data()}, 1.0f);
      const double pass_bytes = static_cast<double>(PassBytes(config, options.program, 2048));
      const double allocated = static_cast<double>(device.bytes - before);
      EXPECT_NEAR(allocated, pass_bytes, 0.05 * pass_bytes);
    }
  }
}

TEST(PassMemory, ACardsMemoryBoundsThePositionsOfAPass) {
  const edge::ModelConfig config = ConfigOf(1024, 2816, 24, 16, 50304);
  ProgramOptions options;
  options.type = CellType::kBf16;
  constexpr int64_t kGiB = int64_t{1} << 30;
  int64_t last = 1;
  for (const int64_t memory : {16 * kGiB, 24 * kGiB, 40 * kGiB}) {
    const int64_t positions = PassPositions(config, options, memory);
    EXPECT_GT(positions, last);
    const auto taken = [&](int64_t n) {
      return ModelBytes(config, options) + PassBytes(config, options, n) + kGiB;
    };
    EXPECT_LE(taken(positions), memory / 10 * 9);
    EXPECT_GT(taken(positions + 1), memory / 10 * 9);
    last = positions;
  }
  EXPECT_EQ(PassPositions(config, options, 200 * kGiB), 65536);
  EXPECT_EQ(PassPositions(config, options, kGiB), 1);
}

}  // namespace
}  // namespace bonsai::cuda
