#include "worker/train/gloo_sum.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace bonsai {
namespace {

// Values of one all-reduce: several are under way at once.
constexpr int64_t kBucketValues = 1 << 20;

using Works = std::vector<c10::intrusive_ptr<c10d::Work>>;

// Waits for all, then throws what the first one to fail threw. One that fails does not end the others: they
// go on with the caller's memory, which is gone after a throw.
void AwaitAll(const Works& works) {
  std::exception_ptr first;
  for (const auto& work : works) {
    try {
      work->wait();
    } catch (...) {
      if (first == nullptr) first = std::current_exception();
    }
  }
  if (first != nullptr) std::rethrow_exception(first);
}

template <typename T>
void SumBucketsAs(c10d::ProcessGroupGloo& gloo, absl::Span<T> values, at::ScalarType dtype) {
  Works works;
  for (size_t first = 0; first < values.size(); first += kBucketValues) {
    const int64_t count = std::min<int64_t>(kBucketValues, static_cast<int64_t>(values.size() - first));
    std::vector<at::Tensor> bucket = {at::from_blob(values.data() + first, {count}, dtype)};
    works.push_back(gloo.allreduce(bucket));
  }
  AwaitAll(works);
}

class BucketSum final : public SumUnderWay {
 public:
  BucketSum(c10d::ProcessGroupGloo& gloo, absl::Span<float> values, Attempt attempt)
      : gloo_(gloo),
        values_(values),
        attempt_(std::move(attempt)),
        end_(static_cast<int64_t>(values.size())) {}

  ~BucketSum() override {
    try {
      AwaitAll(works_);
    } catch (...) {  // the caller did not ask how it ended
    }
  }

  void FinalFrom(int64_t first) override {
    try {
      while (end_ > first && error_ == nullptr) {
        const int64_t begin = (end_ - 1) / kBucketValues * kBucketValues;
        if (begin < first) return;
        std::vector<at::Tensor> bucket = {at::from_blob(values_.data() + begin, {end_ - begin}, at::kFloat)};
        works_.push_back(gloo_.allreduce(bucket));
        end_ = begin;
      }
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  absl::Status Finish() override {
    FinalFrom(0);
    return attempt_([this] {
      AwaitAll(std::exchange(works_, {}));
      if (error_ != nullptr) std::rethrow_exception(error_);
    });
  }

 private:
  c10d::ProcessGroupGloo& gloo_;
  const absl::Span<float> values_;
  const Attempt attempt_;
  int64_t end_;  // of what has not begun
  Works works_;
  std::exception_ptr error_;
};

}  // namespace

std::unique_ptr<SumUnderWay> BeginBucketSum(c10d::ProcessGroupGloo& gloo, absl::Span<float> values,
                                            Attempt attempt) {
  return std::make_unique<BucketSum>(gloo, values, std::move(attempt));
}

void SumBuckets(c10d::ProcessGroupGloo& gloo, absl::Span<float> values) {
  SumBucketsAs(gloo, values, at::kFloat);
}
void SumBuckets(c10d::ProcessGroupGloo& gloo, absl::Span<double> values) {
  SumBucketsAs(gloo, values, at::kDouble);
}

}  // namespace bonsai
