// What every runner shares: the process that does one rank's work, and the protocol with whoever starts it.
//
//   bonsai-run-<kind> --task=FILE
//
// FILE is a v1.Task in text format. An agent fills it in; so can a person: job_id, spec, storage_dir,
// work_dir and the inputs' ids are enough. RunnerMain reads it, calls the work, and turns its Status into an
// exit code (RunnerExit).
//
//   events   RunnerEvents, each behind its length as a varint, on the descriptor Task.events_fd
//            (event_stream.h); where that is 0, lines for a person on stderr. A failing runner's last event
//            is its Failure.
//   logs     stdout and stderr, as they come.
//   stop     SIGTERM: StopRequested() turns true; the runner writes a checkpoint if it can and leaves.
//            Whoever sent it may send SIGKILL some seconds later. (By hand, SIGINT does the same.)
//   death    a runner that was started by an agent (events_fd is set) dies with it, by PR_SET_PDEATHSIG.
//   files    only below work_dir, rendezvous_dir and the store; work_dir is removed by whoever made it.
//   threads  OMP_NUM_THREADS in the environment is the number of cpus the rank may use.
//
// A RunnerContext may be used from several threads; its events are written one after another.
#ifndef BONSAI_RUNNER_RUNNER_H_
#define BONSAI_RUNNER_RUNNER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"
#include "bonsai/v1/runner.pb.h"
#include "storage/blob_store.h"

namespace bonsai {

// Exit codes of a runner. 65 and 75 are sysexits' EX_DATAERR and EX_TEMPFAIL.
enum class RunnerExit : int {
  kDone = 0,
  kFailed = 1,      // may be tried again
  kBadInput = 65,   // would fail again: InvalidArgument, NotFound, FailedPrecondition, OutOfRange, DataLoss
  kPreempted = 75,  // left on SIGTERM after a checkpoint: Cancelled
};

// An input artifact, its manifest read and its blobs' presence checked.
struct InputArtifact {
  std::string id;
  v1::Manifest manifest;
};

class RunnerContext {
 public:
  virtual ~RunnerContext() = default;

  virtual const v1::Task& task() const = 0;
  virtual BlobStore& blobs() = 0;

  // The artifact that a spec field names: Input("pretrain.tokens"). FailedPrecondition if the field is not
  // set or the artifact is not readable.
  virtual absl::StatusOr<InputArtifact> Input(absl::string_view field) = 0;
  // A path to read a file of an input from, its bytes verified. NotFound names artifact and path.
  virtual absl::StatusOr<std::string> InputPath(const InputArtifact& input, absl::string_view path) = 0;

  // Progress and metrics for people and dashboards; never wait on a slow reader for longer than a pipe does.
  virtual void ReportProgress(uint64_t step, uint64_t total_steps, absl::string_view unit,
                              double eta_seconds = -1) = 0;
  virtual void ReportSample(uint64_t step, const std::vector<std::pair<std::string, double>>& metrics) = 0;

  // Fills in the manifest's lineage (job, attempt, kind, spec, inputs, code version; `sources` are the
  // caller's), stores it and tells the agent. Called once, at the end, by rank 0. Returns the artifact's id.
  virtual absl::StatusOr<std::string> PublishOutput(v1::Manifest manifest) = 0;
  // The same for a checkpoint; may be called from a writer thread, any number of times, steps increasing. Its
  // properties "metric.<name>" are told with it.
  virtual absl::StatusOr<std::string> PublishCheckpoint(v1::Manifest manifest, uint64_t step) = 0;

  // Whether SIGTERM came: write a checkpoint and return absl::CancelledError().
  virtual bool StopRequested() const = 0;
};

// Stores a local file under `path` in the manifest.
absl::Status AddFile(RunnerContext& context, const std::string& local_path, absl::string_view path,
                     v1::Manifest& manifest);
// Stores bytes under `path` in the manifest.
absl::Status AddBytes(RunnerContext& context, absl::string_view bytes, absl::string_view path,
                      v1::Manifest& manifest);

// The exit code for what the work returned.
RunnerExit ExitFor(const absl::Status& status, bool stop_requested);

// The main() of a runner: reads the task, runs the work, reports its failure (also what third-party code
// throws), and returns the exit code. Rank 0 of a job must have published an output when the work returns OK.
// A program named bonsai-run-<kind> refuses tasks of other kinds.
int RunnerMain(int argc, char** argv, const std::function<absl::Status(RunnerContext&)>& work);

}  // namespace bonsai

#endif  // BONSAI_RUNNER_RUNNER_H_
