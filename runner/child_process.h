// A program that a runner starts and waits for: a compiler, a tokenizer trainer, the engine on a device. Its
// output goes to files; it dies with the runner; it is killed when its time is up or the runner is asked to
// stop.
//
// Called by runners. RunChild may be called from several threads at once.
#ifndef BONSAI_RUNNER_CHILD_PROCESS_H_
#define BONSAI_RUNNER_CHILD_PROCESS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bonsai {

struct ChildOptions {
  std::vector<std::string> argv;  // argv[0] is a path, or a name to be found in PATH
  std::string work_dir;           // empty: the runner's
  std::string stdout_path;        // a file to write; empty: thrown away
  std::string stderr_path;
  std::vector<std::string> environment;  // "NAME=value"; all of it
  absl::Duration timeout = absl::InfiniteDuration();
  std::function<bool()> stop;  // asked about ten times a second; may be empty
  // Runs it in a network namespace of its own, which has no interface: whatever it does, it reaches nothing.
  bool without_network = false;
};

struct ChildExit {
  int exit_code = 0;  // 128 + signal if a signal ended it
  bool timed_out = false;
  absl::Duration wall;
};

// Runs the program to its end. How it ended is in the result; errors are about starting it: NotFound (no such
// program), FailedPrecondition (the kernel does not let us take the network away), Cancelled (`stop` said
// so), Internal.
absl::StatusOr<ChildExit> RunChild(const ChildOptions& options);

// The folder of this program's own file: its siblings are found there.
std::string ProgramFolder();

}  // namespace bonsai

#endif  // BONSAI_RUNNER_CHILD_PROCESS_H_
