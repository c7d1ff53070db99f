// The RunnerContext of a real runner process: events go to the agent's pipe, or as text to stderr; a signal
// asks to stop.
//
// Made once by RunnerMain. Safe for concurrent use, as RunnerContext is.
#ifndef BONSAI_RUNNER_PROCESS_RUNNER_CONTEXT_H_
#define BONSAI_RUNNER_PROCESS_RUNNER_CONTEXT_H_

#include <mutex>
#include <string>

#include "runner/event_stream.h"
#include "runner/store_runner_context.h"

namespace bonsai {

// One line for a person: "step 20: loss 3.4, tokens_per_second 812".
std::string EventLine(const v1::RunnerEvent& event);

// Text that fits one line and an event: without control characters and bytes beyond ASCII, at most 2000
// characters.
std::string OneLine(absl::string_view text);

class ProcessRunnerContext : public StoreRunnerContext {
 public:
  ProcessRunnerContext(v1::Task task, BlobStore& blobs);

  // From now on SIGTERM (and SIGINT, where events go to a person) makes StopRequested() true, and a broken
  // pipe is an error instead of a signal. For the whole process.
  static void InstallSignals(bool by_hand);

  bool StopRequested() const override;
  void ReportFailure(absl::string_view message);

 protected:
  void Emit(const v1::RunnerEvent& event) override;

 private:
  EventWriter writer_;
  std::mutex stderr_mutex_;
};

}  // namespace bonsai

#endif  // BONSAI_RUNNER_PROCESS_RUNNER_CONTEXT_H_
