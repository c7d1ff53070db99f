#include "client/usage_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/figures.h"
#include "client/text_table.h"

namespace bonsai {
namespace {

// "3 of 8", or "3" without a bound.
std::string Of(const std::string& held, uint64_t max, const std::string& most) {
  return max == 0 ? held : absl::StrCat(held, " of ", most);
}

}  // namespace

std::string RenderUsage(const v1::GetUsageResponse& response, size_t width) {
  if (response.tenants().empty()) return "nobody has submitted anything yet\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::TenantUsage& usage : response.tenants()) {
    rows.push_back({usage.tenant(), FormatValue(usage.weight()), absl::StrCat(usage.jobs_running()),
                    absl::StrCat(usage.jobs_pending()),
                    Of(absl::StrCat(usage.cpus()), usage.cpus_max(), absl::StrCat(usage.cpus_max())),
                    Of(absl::StrCat(usage.gpus()), usage.gpus_max(), absl::StrCat(usage.gpus_max())),
                    FormatSeconds(usage.cpu_seconds()),
                    Of(FormatBytes(usage.artifact_bytes()), usage.storage_bytes_max(),
                       FormatBytes(usage.storage_bytes_max())),
                    FormatBytes(usage.unique_bytes())});
  }
  return RenderTable({{"TENANT"},
                      {"WEIGHT", true},
                      {"RUNNING", true},
                      {"PENDING", true},
                      {"CPUS", true},
                      {"GPUS", true},
                      {"CPU TIME", true},
                      {"ARTIFACTS", true},
                      {"ITS ALONE", true}},
                     rows, 0, width);
}

}  // namespace bonsai
