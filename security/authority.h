// A certificate authority for trying things out, or for a cluster that has none: makes its own certificate,
// and signs those of servers, clients and workers. Keys are EC P-256; certificates are X.509 v3.
//
// Called by `bonsai cert` and by tests. Functions without state; safe from any thread.
#ifndef BONSAI_SECURITY_AUTHORITY_H_
#define BONSAI_SECURITY_AUTHORITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace bonsai {

// Both in PEM form.
struct KeyPair {
  std::string certificate;
  std::string key;
};

struct CertificateTerms {
  std::string name;  // the subject's common name, 1 to 64 characters
  absl::Time not_before;
  absl::Time not_after;
  // For a server: the DNS names and IP addresses at which it is dialled.
  std::vector<std::string> hosts = {};
  bool server = false;  // it may serve; otherwise it may call
};

// A new authority, which may sign servers and clients but no further authority. InvalidArgument: the name.
absl::StatusOr<KeyPair> MakeAuthority(const CertificateTerms& terms);

// A new key, and its certificate, signed by the authority. InvalidArgument: the name, a host that is neither
// a DNS name nor an address, a server without hosts, or an authority that cannot be read.
absl::StatusOr<KeyPair> IssueCertificate(const KeyPair& authority, const CertificateTerms& terms);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_AUTHORITY_H_
