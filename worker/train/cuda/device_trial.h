// The same operation on two devices, from the same values: what device_check.cc compares.
#ifndef BONSAI_WORKER_TRAIN_CUDA_DEVICE_TRIAL_H_
#define BONSAI_WORKER_TRAIN_CUDA_DEVICE_TRIAL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/train/cuda/step_device.h"

namespace bonsai::cuda {

// Values in -1 .. 1, the same for the same seed.
inline std::vector<float> RandomValues(int64_t count, uint64_t seed) {
  std::vector<float> values(count);
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
  for (float& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth's MMIX
    value = static_cast<float>(static_cast<double>(state >> 40) / double{1 << 23} - 1.0);
  }
  return values;
}

class DeviceTrial {
 public:
  DeviceTrial(StepDevice& device, StepDevice& oracle) : devices_{&device, &oracle} {}
  ~DeviceTrial() {
    for (const Buffer& buffer : buffers_) {
      for (int i = 0; i < 2; ++i) devices_[i]->Release(buffer.cells[i].data);
    }
    for (int i = 0; i < 2; ++i) {
      for (void* memory : others_[i]) devices_[i]->Release(memory);
    }
  }
  DeviceTrial(const DeviceTrial&) = delete;
  DeviceTrial& operator=(const DeviceTrial&) = delete;

  // A buffer that is compared after the operation. Returns its number.
  int Add(CellType type, const std::vector<float>& values) {
    Buffer buffer;
    buffer.size = static_cast<int64_t>(values.size());
    std::vector<Bf16> rounded;
    for (const float value : values) rounded.push_back(FromFloat<Bf16>(value));
    const void* from = type == CellType::kF32 ? static_cast<const void*>(values.data()) : rounded.data();
    const size_t bytes = values.size() * (type == CellType::kF32 ? 4 : 2);
    for (int i = 0; i < 2; ++i) {
      buffer.cells[i] = {devices_[i]->Allocate(bytes), type};
      devices_[i]->CopyIn(buffer.cells[i].data, from, bytes);
    }
    buffers_.push_back(buffer);
    return static_cast<int>(buffers_.size()) - 1;
  }
  int AddRandom(CellType type, int64_t count) { return Add(type, RandomValues(count, ++seed_)); }

  // Something else that the operation reads: a pointer for each device.
  template <typename T>
  int Other(const std::vector<T>& values) {
    for (int i = 0; i < 2; ++i) {
      others_[i].push_back(devices_[i]->Allocate(values.size() * sizeof(T)));
      devices_[i]->CopyIn(others_[i].back(), values.data(), values.size() * sizeof(T));
    }
    return static_cast<int>(others_[0].size()) - 1;
  }

  // For the operation.
  Cells At(int buffer) const { return buffers_[buffer].cells[now_]; }
  float* F32(int buffer) const { return static_cast<float*>(At(buffer).data); }
  template <typename T>
  T* OtherAt(int other) const {
    return static_cast<T*>(others_[now_][other]);
  }

  // operation(device) on both; the largest relative difference of a buffer.
  template <typename Operation>
  double Run(const Operation& operation) {
    for (now_ = 0; now_ < 2; ++now_) operation(*devices_[now_]);
    double largest = 0;
    for (const Buffer& buffer : buffers_) {
      const double error = Difference(buffer);
      if (!(error <= largest)) largest = error;
    }
    return largest;
  }

 private:
  struct Buffer {
    Cells cells[2];
    int64_t size = 0;
  };

  std::vector<float> Read(const Buffer& buffer, int device) const {
    std::vector<float> values(buffer.size);
    if (buffer.cells[device].type == CellType::kF32) {
      devices_[device]->CopyOut(values.data(), buffer.cells[device].data, values.size() * 4);
      return values;
    }
    std::vector<Bf16> packed(buffer.size);
    devices_[device]->CopyOut(packed.data(), buffer.cells[device].data, packed.size() * 2);
    for (size_t i = 0; i < values.size(); ++i) values[i] = ToFloat(packed[i]);
    return values;
  }
  double Difference(const Buffer& buffer) const {
    const std::vector<float> got = Read(buffer, 0), want = Read(buffer, 1);
    double difference = 0, size = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      difference += (double{got[i]} - double{want[i]}) * (double{got[i]} - double{want[i]});
      size += double{want[i]} * double{want[i]};
    }
    return std::sqrt(difference / std::max(size, 1e-30));
  }

  StepDevice* const devices_[2];
  int now_ = 0;
  uint64_t seed_ = 0;
  std::vector<Buffer> buffers_;
  std::vector<void*> others_[2];
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_DEVICE_TRIAL_H_
