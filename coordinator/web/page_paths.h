// Where pages and their figures are, for links between them.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_PAGE_PATHS_H_
#define BONSAI_COORDINATOR_WEB_PAGE_PATHS_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/web/markup.h"

namespace bonsai {

inline std::string SubmissionPath(absl::string_view submission_id) {
  return absl::StrCat("/submissions/", EscapeUrl(submission_id));
}

inline std::string HistoryPath(absl::string_view track, absl::string_view name) {
  return absl::StrCat("/history?track=", EscapeUrl(track), "&name=", EscapeUrl(name));
}

// A job's id is "<pipeline>/<name>", of characters that need no escape.
inline std::string JobPath(absl::string_view job_id) { return absl::StrCat("/jobs/", job_id); }

// The track's title, or its name.
inline std::string TrackTitle(const v1::Track& track) {
  return track.title().empty() ? track.name() : track.title();
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_PAGE_PATHS_H_
