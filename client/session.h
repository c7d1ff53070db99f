// What every verb is given: where it prints, how, and which coordinator it talks to. And the exit codes.
//
// Made by CommandLine, or by tests; one thread.
#ifndef BONSAI_CLIENT_SESSION_H_
#define BONSAI_CLIENT_SESSION_H_

#include <atomic>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/config.pb.h"
#include "client/screen.h"
#include "security/credentials.h"

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
  std::string credentials{};                       // a folder as `bonsai cert` makes it; empty: see below
  v1::SecurityConfig security{};                   // files named one by one; each goes before the folder's
  const std::atomic<bool>* interrupted = nullptr;  // Ctrl-C was pressed; may be null
};

bool Interrupted(const Session& session);

// Where to dial, and what to show there.
struct CoordinatorTarget {
  CoordinatorTarget(std::string where) : address(std::move(where)) {}  // NOLINT: an address is a target
  std::string address;
  std::optional<Credentials> credentials{};  // absent: calls are neither encrypted nor authenticated
};

// The address: --coordinator, or what DIR/address holds. The credentials: the files that were named, or those
// of the folder; without either, those in DIR/credentials, where `bonsai up --secure` puts them. Unavailable
// if there is no cluster in DIR; as LoadCallerCredentials.
absl::StatusOr<CoordinatorTarget> CoordinatorAddress(const Session& session);

// Prints the error, if it is one, and gives the code to exit with.
int ReportStatus(const absl::Status& status, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SESSION_H_
