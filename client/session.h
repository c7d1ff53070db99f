// What every verb is given: where it prints, how, and which coordinator it talks to. And the exit codes.
//
// Made by CommandLine, or by tests; one thread.
#ifndef BONSAI_CLIENT_SESSION_H_
#define BONSAI_CLIENT_SESSION_H_

#include <atomic>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/screen.h"

namespace bonsai {

// Documented by `bonsai --help`; scripts rely on them.
enum ExitCode {
  kExitOk = 0,
  kExitRefused = 1,      // the request was refused or failed; stderr says why
  kExitUsage = 2,        // the command line was not understood
  kExitJobFailed = 3,    // the pipeline that was watched ended with a job that failed or was cancelled
  kExitUnreachable = 4,  // no coordinator answered
  kExitInterrupted = 130,
};

struct Session {
  std::ostream& out;
  std::ostream& err;
  Screen screen;
  Screen (*look_again)() = nullptr;  // the screen's size now, for what is drawn repeatedly; may be null
  bool json = false;
  std::string dir{};                               // the local cluster's folder
  std::string coordinator{};                       // an address; empty: the one of `dir`
  const std::atomic<bool>* interrupted = nullptr;  // Ctrl-C was pressed; may be null
};

bool Interrupted(const Session& session);

// The address to dial: --coordinator, or what DIR/address holds. Unavailable if there is no cluster in DIR.
absl::StatusOr<std::string> CoordinatorAddress(const Session& session);

// Prints the error, if it is one, and gives the code to exit with.
int ReportStatus(const absl::Status& status, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SESSION_H_
