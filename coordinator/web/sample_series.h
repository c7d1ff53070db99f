// What a job measured over its steps: the samples of all its attempts as one curve, thinned to what a plot
// can show.
//
// Filled from the files of RankLogs by the pages; the lines come from runners, and are not trusted. Not
// thread-safe; the functions are pure.
#ifndef BONSAI_COORDINATOR_WEB_SAMPLE_SERIES_H_
#define BONSAI_COORDINATOR_WEB_SAMPLE_SERIES_H_

#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "coordinator/web/table.h"

namespace bonsai {

inline constexpr size_t kSeriesPointsMax = 1000;
inline constexpr size_t kSeriesMetricsMax = 24;

class SampleSeries {
 public:
  // Attempts one after the other, each from its first line: a later attempt takes up at a checkpoint, so what
  // the earlier ones measured from its first step on does not count any more.
  void StartAttempt() { at_start_ = true; }

  // One line of a stream of samples (a v1.Sample as JSON). False for a line that is none; it changes nothing.
  bool AddLine(absl::string_view line);

  // At most kSeriesPointsMax steps, evenly spread, with the first and the last; a column a metric.
  Table ToTable(absl::string_view job_id) const;

  bool empty() const { return steps_.empty(); }

 private:
  bool at_start_ = false;
  std::map<uint64_t, std::map<std::string, double>> steps_;
  std::set<std::string> metrics_;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_SAMPLE_SERIES_H_
