// `bonsai cert`: an authority, certificates and tokens for a cluster, in the folder of credentials.
//
// Called by CommandLine. Each prints to the session and returns an exit code, or an error that ReportStatus
// prints.
#ifndef BONSAI_CLIENT_CERT_VERBS_H_
#define BONSAI_CLIENT_CERT_VERBS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

struct CertOptions {
  std::string name;
  std::vector<std::string> hosts;  // of a server
  int days = 365;                  // that it is valid
  int authority_days = 3650;       // likewise, of the authority
  std::string role;                // of a token
  std::string tenant;              // likewise
};

absl::StatusOr<int> RunCertInit(const CertOptions& options, Session& session);
absl::StatusOr<int> RunCertServer(const CertOptions& options, Session& session);
// A client's or a worker's.
absl::StatusOr<int> RunCertCaller(const CertOptions& options, Session& session);
absl::StatusOr<int> RunCertToken(const CertOptions& options, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CERT_VERBS_H_
