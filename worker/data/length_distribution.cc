#include "worker/data/length_distribution.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace bonsai {

// Above 2^8, each power of two is cut into 2^7 buckets.
size_t LengthDistribution::BucketOf(uint64_t length) {
  length = std::min(length, (uint64_t{1} << kLengthBits) - 1);
  if (length < uint64_t{1} << kExactBits) return length;
  const int shift = std::bit_width(length) - kExactBits;  // at least 1
  return (static_cast<size_t>(shift) << (kExactBits - 1)) + (length >> shift);
}

uint64_t LengthDistribution::LastOf(size_t bucket) {
  if (bucket < size_t{1} << kExactBits) return bucket;
  const int shift = static_cast<int>(bucket >> (kExactBits - 1)) - 1;
  const uint64_t mantissa = bucket - (static_cast<size_t>(shift) << (kExactBits - 1));
  return ((mantissa + 1) << shift) - 1;
}

void LengthDistribution::Add(uint64_t length) {
  ++count_;
  total_ += length;
  smallest_ = std::min(smallest_, length);
  largest_ = std::max(largest_, length);
  ++buckets_[BucketOf(length)];
}

uint64_t LengthDistribution::Quantile(double q) const {
  const uint64_t wanted =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_))));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(LastOf(bucket), largest_);
  }
  return largest_;
}

std::array<uint64_t, 40> LengthDistribution::PowersOfTwo() const {
  std::array<uint64_t, 40> powers = {};
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const uint64_t last = LastOf(bucket);
    powers[last == 0 ? 0 : static_cast<size_t>(std::bit_width(last)) - 1] += buckets_[bucket];
  }
  return powers;
}

v1::LengthCounts LengthDistribution::Save() const {
  v1::LengthCounts counts;
  counts.set_total(total_);
  counts.set_smallest(smallest());
  counts.set_largest(largest_);
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (buckets_[bucket] == 0) continue;
    counts.add_buckets(static_cast<uint32_t>(bucket));
    counts.add_counts(buckets_[bucket]);
  }
  return counts;
}

absl::Status LengthDistribution::Load(const v1::LengthCounts& counts) {
  *this = LengthDistribution();
  if (counts.buckets_size() != counts.counts_size()) {
    return absl::DataLossError(
        absl::StrCat(counts.buckets_size(), " buckets of lengths have ", counts.counts_size(), " counts"));
  }
  for (int i = 0; i < counts.buckets_size(); ++i) {
    if (counts.buckets(i) >= kBuckets || (i > 0 && counts.buckets(i) <= counts.buckets(i - 1))) {
      return absl::DataLossError(absl::StrCat("buckets[", i, "] of lengths is ", counts.buckets(i),
                                              "; valid are ascending numbers below ", kBuckets));
    }
    buckets_[counts.buckets(i)] = counts.counts(i);
    count_ += counts.counts(i);
  }
  total_ = counts.total();
  largest_ = counts.largest();
  if (count_ > 0) smallest_ = counts.smallest();
  return absl::OkStatus();
}

std::string DescribeLengths(const LengthDistribution& lengths) {
  return absl::StrCat("smallest ", lengths.smallest(), ", median ", lengths.Quantile(0.5), ", p90 ",
                      lengths.Quantile(0.9), ", p99 ", lengths.Quantile(0.99), ", largest ",
                      lengths.largest());
}

void WriteLengths(const LengthDistribution& lengths, absl::string_view unit, edge::JsonWriter& json) {
  const std::string from = absl::StrCat("from_", unit);
  const auto integer = [&json](const char* key, uint64_t value) {
    json.Key(key).Integer(static_cast<int64_t>(value));
  };
  json.BeginObject();
  integer("smallest", lengths.smallest());
  integer("median", lengths.Quantile(0.5));
  integer("p90", lengths.Quantile(0.9));
  integer("p99", lengths.Quantile(0.99));
  integer("largest", lengths.largest());
  json.Key("mean").Number(lengths.mean()).Key("buckets").BeginArray();
  const std::array<uint64_t, 40> powers = lengths.PowersOfTwo();
  for (size_t i = 0; i < powers.size(); ++i) {
    if (powers[i] == 0) continue;
    json.BeginObject().Key(from).Integer(i == 0 ? 0 : int64_t{1} << i);
    integer("documents", powers[i]);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace bonsai
