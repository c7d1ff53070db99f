#include "client/history_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/job_lines.h"
#include "client/text_table.h"

namespace bonsai {

std::string RenderHistory(const v1::GetHistoryResponse& response, size_t width) {
  if (response.entries().empty()) return "nothing is on record; the job is from before histories were kept\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::HistoryEntry& entry : response.entries()) {
    rows.push_back({absl::StrCat(entry.number()),
                    absl::FormatTime("%Y-%m-%d %H:%M:%E3S", absl::FromUnixMillis(entry.unix_ms()),
                                     absl::LocalTimeZone()),
                    entry.actor(), StateWord(entry.state()),
                    entry.why().empty() ? entry.what() : absl::StrCat(entry.what(), ": ", entry.why())});
  }
  return RenderTable({{"NR", true}, {"WHEN"}, {"WHO"}, {"THEN"}, {"WHAT AND WHY"}}, rows, 0, width);
}

}  // namespace bonsai
