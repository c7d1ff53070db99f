// X.509 certificates in PEM form, as far as people need to be told about them: whose, until when, for which
// names, and whether a key and an authority belong to one.
//
// Called by whoever loads credentials. Functions without state; safe from any thread.
#ifndef BONSAI_SECURITY_CERTIFICATE_H_
#define BONSAI_SECURITY_CERTIFICATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace bonsai {

struct CertificateFacts {
  std::string name;                // the subject's common name
  std::string issuer;              // the issuer's
  std::vector<std::string> hosts;  // DNS names and IP addresses that it is for
  absl::Time not_before;
  absl::Time not_after;
};

// Of the first certificate in the text. InvalidArgument: "<file>: holds no certificate ...".
absl::StatusOr<CertificateFacts> ReadCertificateFacts(absl::string_view file, absl::string_view pem);

// Whether the certificate is valid at `now`. FailedPrecondition: says since or until when, and what to do.
absl::Status CheckValidity(absl::string_view file, const CertificateFacts& facts, absl::Time now);

// Whether the key is the certificate's. InvalidArgument names both files.
absl::Status CheckKey(absl::string_view certificate_file, absl::string_view certificate_pem,
                      absl::string_view key_file, absl::string_view key_pem);

}  // namespace bonsai

#endif  // BONSAI_SECURITY_CERTIFICATE_H_
