#include "worker/train/gloo_exchange.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace bonsai {
namespace {

// Values of one message: several are under way at once.
constexpr uint64_t kMessageValues = 1 << 20;

using Works = std::vector<c10::intrusive_ptr<c10d::Work>>;

std::vector<at::Tensor> TensorOf(float* values, int64_t count) {
  return {at::from_blob(values, {count}, at::kFloat)};
}

// A message's worth of a range.
std::vector<OwnedRange> SlicesOf(absl::Span<const OwnedRange> ranges) {
  std::vector<OwnedRange> slices;
  for (const OwnedRange& range : ranges) {
    for (uint64_t begin = range.begin; begin < range.end; begin += kMessageValues) {
      slices.push_back({begin, std::min(range.end, begin + kMessageValues), range.owner});
    }
  }
  return slices;
}

// Messages, unlike all-reduces, may be dropped while they are under way: their memory is not
// touched once the work is gone.
void AwaitOrDrop(Works works) {
  for (const auto& work : works) work->wait();
}

// Partners at distance 1, 2, 4, ... exchange their sums. Both add the same two numbers, so both have the same
// bits. Then the ranks that did not take part are told.
template <typename T>
void SumInTreeAs(c10d::ProcessGroupGloo& gloo, absl::Span<T> values, int working, at::ScalarType dtype) {
  const int rank = gloo.getRank();
  const int64_t count = static_cast<int64_t>(values.size());
  std::vector<T> other_values(values.size());
  std::vector<at::Tensor> mine = {at::from_blob(values.data(), {count}, dtype)};
  std::vector<at::Tensor> theirs = {at::from_blob(other_values.data(), {count}, dtype)};
  int tag = 0;
  for (int distance = 1; distance < working; distance *= 2, ++tag) {
    if (rank >= working) continue;
    AwaitOrDrop({gloo.send(mine, rank ^ distance, tag), gloo.recv(theirs, rank ^ distance, tag)});
    for (size_t i = 0; i < values.size(); ++i) values[i] += other_values[i];
  }
  if (rank >= working) {
    AwaitOrDrop({gloo.recv(mine, rank % working, tag)});
  } else {
    for (int other = rank + working; other < gloo.getSize(); other += working) {
      AwaitOrDrop({gloo.send(mine, other, tag)});
    }
  }
}

class OwnerSum final : public SumUnderWay {
 public:
  OwnerSum(c10d::ProcessGroupGloo& gloo, absl::Span<float> values, absl::Span<const OwnedRange> ranges,
           int working, Attempt attempt)
      : gloo_(gloo),
        rank_(gloo.getRank()),
        working_(working),
        values_(values),
        slices_(SlicesOf(ranges)),
        attempt_(std::move(attempt)),
        final_from_(static_cast<int64_t>(values.size())) {
    for (size_t i = slices_.size(); i-- > 0;) {
      if (slices_[i].owner == rank_) own_.push_back(i);
    }
    thread_ = std::thread([this] { Run(); });
  }

  ~OwnerSum() override { End(/*abandon=*/true); }

  void FinalFrom(int64_t first) override {
    std::lock_guard<std::mutex> lock(mutex_);
    final_from_ = first;
    changed_.notify_one();
  }

  absl::Status Finish() override {
    FinalFrom(0);
    End(/*abandon=*/false);
    return attempt_([this] {
      if (error_ != nullptr) std::rethrow_exception(error_);
    });
  }

 private:
  // What the working ranks but this one send for a slice of this rank.
  struct Inbox {
    std::vector<std::vector<float>> values;  // by rank
    Works works;
  };

  void End(bool abandon) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      abandoned_ = abandon;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

  // From the last slice to the first, as all ranks do.
  void Run() {
    try {
      Works sends;
      for (size_t next = 0; next < inboxes_.size(); ++next) Receive(next);
      size_t own = 0;
      for (size_t i = slices_.size(); i-- > 0;) {
        const OwnedRange& slice = slices_[i];
        if (!AwaitFinal(static_cast<int64_t>(slice.begin))) return;
        if (slice.owner == rank_) {
          Add(own, slice);
          Receive(own++ + inboxes_.size());
        } else if (rank_ < working_) {
          std::vector<at::Tensor> from =
              TensorOf(values_.data() + slice.begin, static_cast<int64_t>(slice.size()));
          sends.push_back(gloo_.send(from, slice.owner, static_cast<int>(i)));
        }
      }
      AwaitOrDrop(std::move(sends));
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  // False if nobody will finish the sum.
  bool AwaitFinal(int64_t begin) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return abandoned_ || final_from_ <= begin; });
    return !abandoned_;
  }

  // Begins to receive this rank's slice number `own`, if there is one.
  void Receive(size_t own) {
    if (own >= own_.size()) return;
    const OwnedRange& slice = slices_[own_[own]];
    Inbox& inbox = inboxes_[own % inboxes_.size()];
    inbox.values.resize(static_cast<size_t>(working_));
    for (int from = 0; from < working_; ++from) {
      if (from == rank_) continue;
      inbox.values[from].resize(slice.size());
      std::vector<at::Tensor> to = TensorOf(inbox.values[from].data(), static_cast<int64_t>(slice.size()));
      inbox.works.push_back(gloo_.recv(to, from, static_cast<int>(own_[own])));
    }
  }

  void Add(size_t own, const OwnedRange& slice) {
    Inbox& inbox = inboxes_[own % inboxes_.size()];
    AwaitOrDrop(std::exchange(inbox.works, {}));
    float* const mine = values_.data() + slice.begin;
    std::vector<float*> parts;
    for (int from = 0; from < working_; ++from) {
      parts.push_back(from == rank_ ? mine : inbox.values[from].data());
    }
    const int64_t count = static_cast<int64_t>(slice.size());
    for (size_t distance = 1; distance < parts.size(); distance *= 2) {
      for (size_t i = 0; i + distance < parts.size(); i += 2 * distance) {
        float* const sum = parts[i];
        const float* const other = parts[i + distance];
        for (int64_t k = 0; k < count; ++k) sum[k] += other[k];
      }
    }
    if (parts[0] != mine) std::copy_n(parts[0], count, mine);
  }

  c10d::ProcessGroupGloo& gloo_;
  const int rank_, working_;
  const absl::Span<float> values_;
  const std::vector<OwnedRange> slices_;
  const Attempt attempt_;
  std::vector<size_t> own_;  // this rank's slices, the last one first

  // The thread's.
  std::array<Inbox, 2> inboxes_;
  std::exception_ptr error_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t final_from_;
  bool abandoned_ = false;
  std::thread thread_;
};

}  // namespace

void SumInTree(c10d::ProcessGroupGloo& gloo, absl::Span<float> values, int working) {
  SumInTreeAs(gloo, values, working, at::kFloat);
}
void SumInTree(c10d::ProcessGroupGloo& gloo, absl::Span<double> values, int working) {
  SumInTreeAs(gloo, values, working, at::kDouble);
}

std::unique_ptr<SumUnderWay> BeginOwnerSum(c10d::ProcessGroupGloo& gloo, absl::Span<float> values,
                                           absl::Span<const OwnedRange> ranges, int working,
                                           Attempt attempt) {
  return std::make_unique<OwnerSum>(gloo, values, ranges, working, std::move(attempt));
}

void ShareFromOwners(c10d::ProcessGroupGloo& gloo, absl::Span<float> values,
                     absl::Span<const OwnedRange> ranges) {
  const std::vector<OwnedRange> slices = SlicesOf(ranges);
  Works works;
  for (size_t i = 0; i < slices.size(); ++i) {
    const OwnedRange& slice = slices[i];
    std::vector<at::Tensor> tensor =
        TensorOf(values.data() + slice.begin, static_cast<int64_t>(slice.size()));
    const int tag = static_cast<int>(i);
    if (slice.owner != gloo.getRank()) {
      works.push_back(gloo.recv(tensor, slice.owner, tag));
      continue;
    }
    for (int to = 0; to < gloo.getSize(); ++to) {
      if (to != slice.owner) works.push_back(gloo.send(tensor, to, tag));
    }
  }
  AwaitOrDrop(std::move(works));
}

}  // namespace bonsai
