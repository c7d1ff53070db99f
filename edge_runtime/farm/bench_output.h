// What `bonsai-engine bench` prints: one JSON object on a line for each run. It comes from a device, so
// nothing in it is trusted.
//
// A pure function; safe from any thread.
#ifndef BONSAI_EDGE_RUNTIME_FARM_BENCH_OUTPUT_H_
#define BONSAI_EDGE_RUNTIME_FARM_BENCH_OUTPUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

struct BenchRun {
  int64_t prefill_tokens = 0;
  double prefill_seconds = 0;
  int64_t decode_tokens = 0;  // forward passes after the prompt: one less than token_ids
  double decode_seconds = 0;
  std::vector<int32_t> token_ids;  // greedy
  uint64_t peak_rss_bytes = 0;
  std::string kernels;
};

// The runs, in order. DataLoss names the line and the key if something is missing, of another type, negative
// or (a number of seconds) not positive.
absl::StatusOr<std::vector<BenchRun>> ParseBenchOutput(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_BENCH_OUTPUT_H_
