// A runner as an agent starts it, for tests and benchmarks: a process with a task file, whose events are
// read.
//
// Used by one thread.
#ifndef BONSAI_RUNNER_RUNNER_PROCESS_TESTING_H_
#define BONSAI_RUNNER_RUNNER_PROCESS_TESTING_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bonsai/v1/runner.pb.h"
#include "runner/event_stream.h"

namespace bonsai {

class RunnerProcess {
 public:
  // Starts the program on the task, with a file for it in task.work_dir.
  RunnerProcess(const std::string& program, v1::Task task);
  // Kills it if it still runs.
  ~RunnerProcess();

  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  // Reads events until one is as wanted. False at their end.
  bool ReadUntil(const std::function<bool(const v1::RunnerEvent&)>& wanted);
  bool ReadUntilSample(uint64_t step);
  bool ReadUntilCheckpoint(uint64_t step);

  void Kill(int signal);
  // Closes this end of the pipe, as the kernel does for an agent that died.
  void CloseEvents();
  // Reads the rest, if it was not closed, and returns the exit code, 128 + signal if a signal ended it.
  int Wait();

  // What was read so far.
  const std::vector<v1::RunnerEvent>& events() const { return events_; }
  // The artifact that it published, or "".
  std::string Output() const;
  // Why it failed, or "".
  std::string Failure() const;
  // Processor time, of all its threads; once it was waited for.
  double processor_seconds() const { return processor_seconds_; }

 private:
  pid_t pid_ = -1;
  int read_end_ = -1;
  EventReader reader_;
  std::vector<v1::RunnerEvent> events_;
  size_t next_ = 0;
  double processor_seconds_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_RUNNER_RUNNER_PROCESS_TESTING_H_
