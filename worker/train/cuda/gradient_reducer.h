// Sums a gradient over ranks while it is still being made: the backward pass hands over slices of the flat
// gradient as each layer ends, and they are gathered into buckets large enough for the network.
#ifndef BONSAI_WORKER_TRAIN_CUDA_GRADIENT_REDUCER_H_
#define BONSAI_WORKER_TRAIN_CUDA_GRADIENT_REDUCER_H_

#include <cstdint>
#include <string>

namespace bonsai::cuda {

class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  // Replaces the values, once the device's work so far is done, by their sum over all ranks; the device goes
  // on meanwhile. All ranks reduce the same counts in the same order.
  virtual void Reduce(float* values, int64_t count) = 0;

  // The device's work from here on waits for the sums.
  virtual void Join() = 0;

  // Keeps the caller until the sums before the last Join are done. Returns "", or after at most `seconds` why
  // they will not be (a rank is gone, or hangs): then this sums no more, and the gradient is worth nothing.
  virtual std::string Await(double seconds) = 0;
};

// Slices that come in from the end of a buffer to its beginning, joined until they are at least `values`
// long. An all-reduce of n ranks moves 2 (n - 1) / n of a bucket over each link and costs some tens of
// microseconds whatever its size: at 450 GB/s of NVLink, 6M values (24 MB) take 100, so that the start no
// longer matters.
class GradientBuckets {
 public:
  static constexpr int64_t kValues = 6 << 20;

  GradientBuckets(GradientReducer& reducer, float* gradient, int64_t size, int64_t values = kValues)
      : reducer_(reducer), gradient_(gradient), values_(values), begin_(size), end_(size) {}

  // begin .. end is complete. It ends where the last one began.
  void Add(int64_t begin, int64_t end) {
    if (begin_ != end) {  // not side by side: what was open is a bucket
      Send();
      end_ = end;
    }
    begin_ = begin;
    if (end_ - begin_ >= values_) Send();
  }

  void Finish() {
    Send();
    reducer_.Join();
  }

 private:
  void Send() {
    if (end_ > begin_) reducer_.Reduce(gradient_ + begin_, end_ - begin_);
    end_ = begin_;
  }

  GradientReducer& reducer_;
  float* const gradient_;
  const int64_t values_;
  int64_t begin_, end_;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_GRADIENT_REDUCER_H_
