// What `watch` draws: on a terminal a bar per job, drawn again in place; elsewhere a line for each change and
// now and then one for progress.
//
// Called by PipelineWatch. Pure, but for WatchLog, which remembers what it said; one thread.
#ifndef BONSAI_CLIENT_WATCH_VIEW_H_
#define BONSAI_CLIENT_WATCH_VIEW_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "client/loss_curve.h"
#include "client/screen.h"

namespace bonsai {

using LossCurves = std::map<std::string, LossCurve>;  // by job id

// Lines of at most screen.columns, at most screen.rows - 2 of them unless `whole`: then jobs that are done,
// then those that wait are summed up. What failed is never left out, and its reason is never cut. `jobs` in
// order of submission.
// A training job that runs has figures and the curve of its loss below it, as long as there is room for all
// jobs.
std::vector<std::string> RenderWatch(const std::string& pipeline_id, const std::vector<v1::JobStatus>& jobs,
                                     absl::Time now, const Screen& screen, bool whole,
                                     const LossCurves& curves = {});

// One line that sums up: "p1: 17 jobs: 9 done, 1 running, 7 waiting, 3m20s".
std::string SummaryLine(const std::string& pipeline_id, const std::vector<v1::JobStatus>& jobs,
                        absl::Time now);

// Lines for what is not a terminal.
class WatchLog {
 public:
  explicit WatchLog(absl::TimeZone zone) : zone_(zone) {}

  // The lines that this news is worth: a state that changed, or progress if the last line is 10 s old.
  std::vector<std::string> Update(const v1::JobStatus& status, absl::Time now);

 private:
  struct Said {
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
    int attempts = 0;
    std::string why;
    std::string progress;
    absl::Time at = absl::InfinitePast();
  };

  const absl::TimeZone zone_;
  std::map<std::string, Said> said_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_WATCH_VIEW_H_
