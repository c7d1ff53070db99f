// What a process shows to others and asks of them: its certificate and key, the authority whose certificates
// it believes, and, for one that calls, its token. From the files that a v1.SecurityConfig names to what gRPC
// takes.
//
// Called by the coordinator, by workers and by `bonsai`. Functions without state; safe from any thread.
#ifndef BONSAI_SECURITY_CREDENTIALS_H_
#define BONSAI_SECURITY_CREDENTIALS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

// The first three in PEM form.
struct Credentials {
  std::string ca;
  std::string certificate;
  std::string key;
  std::string token = {};  // of one that calls
};

// Whether the configuration names anything.
bool WantsSecurity(const v1::SecurityConfig& config);

// Of a server: certificate_file, key_file, ca_file and tokens_file are all named, and the first three can be
// used at `now`. InvalidArgument, NotFound, PermissionDenied, FailedPrecondition: names the field or the
// file, and what to do.
absl::StatusOr<Credentials> LoadServerCredentials(const v1::SecurityConfig& config, absl::Time now);

// Of one that calls: likewise, with token_file in place of tokens_file.
absl::StatusOr<Credentials> LoadCallerCredentials(const v1::SecurityConfig& config, absl::Time now);

// Sets each file that is named by a relative path to one below `folder`.
void ResolveFiles(const std::string& folder, v1::SecurityConfig& config);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_CREDENTIALS_H_
