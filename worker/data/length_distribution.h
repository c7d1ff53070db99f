// How long documents are, in bytes or tokens: exact count, sum and ends, and quantiles from buckets of which
// no one is wider than 1/128 of the lengths in it. Of a fixed size, whatever is counted.
//
// Filled by the data and pack runners, one thread.
#ifndef BONSAI_WORKER_DATA_LENGTH_DISTRIBUTION_H_
#define BONSAI_WORKER_DATA_LENGTH_DISTRIBUTION_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/pack.pb.h"
#include "edge_runtime/model/json.h"

namespace bonsai {

class LengthDistribution {
 public:
  // `length` of 2^40 or more counts as 2^40 - 1 in the quantiles.
  void Add(uint64_t length);

  uint64_t count() const { return count_; }
  uint64_t total() const { return total_; }
  uint64_t smallest() const { return count_ == 0 ? 0 : smallest_; }
  uint64_t largest() const { return largest_; }
  double mean() const { return count_ == 0 ? 0 : static_cast<double>(total_) / static_cast<double>(count_); }

  // A length that at least the fraction `q` (0 to 1) of all lengths do not exceed: exact below 256, at most
  // 1/128 above the least such length beyond. 0 if nothing was counted.
  uint64_t Quantile(double q) const;

  // Lengths of [2^i, 2^(i+1)); those of 0 and 1 are in the first.
  std::array<uint64_t, 40> PowersOfTwo() const;

  v1::LengthCounts Save() const;
  // What Save gave. DataLoss names the field.
  absl::Status Load(const v1::LengthCounts& counts);

 private:
  static constexpr int kExactBits = 8;  // lengths below 2^8 have a bucket each
  static constexpr int kLengthBits = 40;
  static constexpr size_t kBuckets =
      (size_t{1} << kExactBits) + (size_t{1} << (kExactBits - 1)) * (kLengthBits - kExactBits);

  static size_t BucketOf(uint64_t length);
  static uint64_t LastOf(size_t bucket);

  uint64_t count_ = 0;
  uint64_t total_ = 0;
  uint64_t smallest_ = UINT64_MAX;
  uint64_t largest_ = 0;
  std::vector<uint64_t> buckets_ = std::vector<uint64_t>(kBuckets);
};

// "smallest 12, median 340, p90 1207, p99 5100, largest 80211"
std::string DescribeLengths(const LengthDistribution& lengths);

// An object {smallest, median, p90, p99, largest, mean, buckets: [{from_<unit>, documents}]}.
void WriteLengths(const LengthDistribution& lengths, absl::string_view unit, edge::JsonWriter& json);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_LENGTH_DISTRIBUTION_H_
