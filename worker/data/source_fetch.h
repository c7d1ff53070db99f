// Files that a data job's spec names by URL, fetched into the job's work folder before they are read.
// Debian's curl fetches (a child process, no shell; https and http only); nothing is used whose SHA-256
// differs.
//
// Called by the data runner, one thread.
#ifndef BONSAI_WORKER_DATA_SOURCE_FETCH_H_
#define BONSAI_WORKER_DATA_SOURCE_FETCH_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/spec.pb.h"
#include "runner/runner.h"

namespace bonsai {

struct FetchRequest {
  std::string url;
  std::string sha256;
  std::string folder;          // is made if it is not there
  std::function<bool()> stop;  // asked about ten times a second; may be empty
  uint64_t bytes_max = uint64_t{1} << 36;
  absl::Duration timeout = absl::Hours(6);
};

// The path of the fetched file, named as the URL's path ends ("file" where that says nothing). A file that is
// there already is not fetched again, and what an earlier try left ("*.part") is gone on with. Errors:
// InvalidArgument (no http or https URL, no SHA-256), Unavailable (curl's words; no curl), ResourceExhausted
// (larger than bytes_max), DeadlineExceeded, FailedPrecondition (another SHA-256: what came is deleted),
// Cancelled (`stop`).
absl::StatusOr<std::string> FetchFile(const FetchRequest& request);

// The task's data spec with every URL fetched below work_dir/fetched and named in `paths` instead. Errors: as
// FetchFile's, naming the source.
absl::StatusOr<v1::DataSpec> FetchSources(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_SOURCE_FETCH_H_
