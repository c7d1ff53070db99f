// Any bytes are an expression or an InvalidArgument; of an expression, times come one after the other.
#include <cstdint>
#include <cstdlib>

#include "coordinator/scheduler/cron_expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<bonsai::CronExpression> cron = bonsai::CronExpression::Parse(text);
  if (!cron.ok()) {
    if (cron.status().code() != absl::StatusCode::kInvalidArgument) std::abort();
    return 0;
  }
  absl::Time time = absl::FromUnixSeconds(static_cast<int64_t>(size) * 86400 * 365);
  for (int i = 0; i < 3; ++i) {
    const std::optional<absl::Time> next = cron->Next(time);
    if (!next || *next <= time || absl::ToUnixSeconds(*next) % 60 != 0) std::abort();
    time = *next;
  }
  return 0;
}
