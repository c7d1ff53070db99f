// Lines of samples come from runners: any bytes are parsed or refused, within bounds.
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_split.h"
#include "coordinator/web/sample_series.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bonsai::SampleSeries series;
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(reinterpret_cast<const char*>(data), size), '\n')) {
    if (!series.AddLine(line)) series.StartAttempt();
  }
  const bonsai::Table table = series.ToTable("p1/job");
  if (table.columns.size() > bonsai::kSeriesMetricsMax + 1) std::abort();
  if (table.rows.size() > bonsai::kSeriesPointsMax + 1) std::abort();
  bonsai::TableJson(table);
  return 0;
}
