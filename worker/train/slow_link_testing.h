// A group of ranks behind a slow link, for benchmarks: what a rank sends takes as long as it would there,
// beside the time that it takes anyway. Used as RankGroup is.
#ifndef BONSAI_WORKER_TRAIN_SLOW_LINK_TESTING_H_
#define BONSAI_WORKER_TRAIN_SLOW_LINK_TESTING_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "worker/train/rank_group.h"

namespace bonsai {

// Sends what it is told to, one after the other, at so many bytes per second.
class Link {
 public:
  explicit Link(double bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // When these bytes are through that are there now.
  void Send(double bytes) {
    if (bytes_per_second_ <= 0) return;
    free_ = std::max(free_, absl::Now()) + absl::Seconds(bytes / bytes_per_second_);
  }
  void Await() const { absl::SleepFor(free_ - absl::Now()); }

 private:
  const double bytes_per_second_;
  absl::Time free_ = absl::InfinitePast();
};

// A rank's group behind such a link. Its small sums take no time there.
class LinkedGroup final : public RankGroup {
 public:
  // `group` outlives this. `overlap`: sums begin when they may, not when they are to be finished.
  // `bytes_per_second`: 0 for a link that takes no time.
  LinkedGroup(RankGroup& group, bool overlap, double bytes_per_second)
      : group_(group), overlap_(overlap), link_(bytes_per_second) {}

  int rank() const override { return group_.rank(); }
  int ranks() const override { return group_.ranks(); }
  absl::Status Sum(absl::Span<float> values) override { return group_.Sum(values); }
  absl::Status Sum(absl::Span<double> values) override { return group_.Sum(values); }
  absl::Status SumInTree(absl::Span<float> values, int working) override {
    return group_.SumInTree(values, working);
  }
  absl::Status SumInTree(absl::Span<double> values, int working) override {
    return group_.SumInTree(values, working);
  }
  std::unique_ptr<SumUnderWay> BeginSum(absl::Span<float> values) override {
    return std::make_unique<LinkedSum>(*this, values.size(), 2, group_.BeginSum(values));
  }
  std::unique_ptr<SumUnderWay> BeginSumToOwners(absl::Span<float> values, absl::Span<const OwnedRange> ranges,
                                                int working) override {
    return std::make_unique<LinkedSum>(*this, values.size(), 1,
                                       group_.BeginSumToOwners(values, ranges, working));
  }
  absl::Status ShareFromOwners(absl::Span<float> values, absl::Span<const OwnedRange> ranges) override {
    link_.Send(BytesOf(values.size()));
    const absl::Status status = group_.ShareFromOwners(values, ranges);
    link_.Await();
    return status;
  }
  absl::StatusOr<std::string> FromRankZero(absl::string_view key, absl::string_view text) override {
    return group_.FromRankZero(key, text);
  }
  absl::Status Post(absl::string_view key, absl::string_view text) override { return group_.Post(key, text); }
  absl::StatusOr<std::string> Find(absl::string_view key) override { return group_.Find(key); }
  std::string WhyMissing(int rank) const override { return group_.WhyMissing(rank); }

 private:
  class LinkedSum final : public SumUnderWay {
   public:
    // `ways`: 2 of an all-reduce, there and back.
    LinkedSum(LinkedGroup& group, size_t size, double ways, std::unique_ptr<SumUnderWay> sum)
        : group_(group), ways_(ways), end_(size), sum_(std::move(sum)) {}

    void FinalFrom(int64_t first) override {
      if (!group_.overlap_) return;
      Send(static_cast<size_t>(first));
      sum_->FinalFrom(first);
    }
    absl::Status Finish() override {
      Send(0);
      const absl::Status status = sum_->Finish();
      group_.link_.Await();
      return status;
    }

   private:
    void Send(size_t first) {
      group_.link_.Send(ways_ * group_.BytesOf(end_ - first));
      end_ = first;
    }

    LinkedGroup& group_;
    const double ways_;
    size_t end_;
    const std::unique_ptr<SumUnderWay> sum_;
  };

  double BytesOf(size_t values) const {
    return sizeof(float) * static_cast<double>(values) * (ranks() - 1) / ranks();
  }

  RankGroup& group_;
  const bool overlap_;
  Link link_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_SLOW_LINK_TESTING_H_
