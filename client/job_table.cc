#include "client/job_table.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/figures.h"
#include "client/job_lines.h"
#include "client/text_table.h"

namespace bonsai {
namespace {

constexpr size_t kShortIdDigits = 12;

std::string Note(const v1::JobStatus& status) {
  const v1::JobRecord& job = status.job();
  if (job.state() == v1::DONE) return absl::StrCat("-> ", job.output_id().substr(0, kShortIdDigits));
  std::string note = WhyText(job);
  if (job.state() == v1::RUNNING) {
    const std::string progress = absl::StrJoin(ProgressParts(status), "  ");
    note =
        note.empty() || progress.empty() ? absl::StrCat(progress, note) : absl::StrCat(progress, "; ", note);
  }
  return note;
}

}  // namespace

std::string RenderJobTable(const v1::ListJobsResponse& response, absl::Time now, size_t width) {
  if (response.jobs().empty()) return "no jobs; submit a pipeline with `bonsai submit FILE`\n";
  std::vector<std::vector<std::string>> rows;
  for (const v1::JobStatus& status : response.jobs()) {
    const v1::JobRecord& job = status.job();
    const absl::Duration time = RunTime(job, now);
    rows.push_back({job.id(), StateWord(job.state()), absl::StrCat(job.attempts_size()),
                    job.attempts().empty() ? "" : FormatSeconds(absl::ToDoubleSeconds(time)), Note(status)});
  }
  return RenderTable({{"JOB"}, {"STATE"}, {"TRIES", true}, {"TIME", true}, {"PROGRESS, OUTPUT OR REASON"}},
                     rows, 0, width);
}

}  // namespace bonsai
