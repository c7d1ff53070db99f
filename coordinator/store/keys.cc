#include "coordinator/store/keys.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai::store_keys {

std::string HistoryKey(absl::string_view job_id, uint64_t number) {
  std::string key(job_id);
  key.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift & 0xff));
  return key;
}

std::string CountersValue(const Counters& counters) {
  return absl::StrCat(counters.next_pipeline, " ", counters.next_job_sequence, " ",
                      counters.next_artifact_sequence);
}

absl::StatusOr<Counters> ParseCountersValue(absl::string_view value) {
  std::vector<absl::string_view> parts = absl::StrSplit(value, ' ');
  Counters counters;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &counters.next_pipeline) ||
      !absl::SimpleAtoi(parts[1], &counters.next_job_sequence) ||
      !absl::SimpleAtoi(parts[2], &counters.next_artifact_sequence) || CountersValue(counters) != value) {
    return absl::DataLossError("not three decimal numbers");
  }
  return counters;
}

}  // namespace bonsai::store_keys
