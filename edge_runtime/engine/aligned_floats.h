// An array of floats that starts at a cache line: vector loads that cross lines cost twice. The engine's
// buffers and its converted weights lie in them.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_ALIGNED_FLOATS_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_ALIGNED_FLOATS_H_

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace bonsai::edge {

class AlignedFloats {
 public:
  AlignedFloats() = default;

  // Not set to anything, so that pages are taken when they are used. False if there is no memory.
  bool Allocate(size_t count) {
    constexpr size_t kLine = 64;
    const size_t bytes = (count * sizeof(float) + kLine - 1) / kLine * kLine;
    values_.reset(static_cast<float*>(std::aligned_alloc(kLine, bytes == 0 ? kLine : bytes)));
    return values_ != nullptr;
  }

  float* data() { return values_.get(); }
  const float* data() const { return values_.get(); }

 private:
  struct Free {
    void operator()(float* values) const { std::free(values); }
  };
  std::unique_ptr<float, Free> values_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_ALIGNED_FLOATS_H_
