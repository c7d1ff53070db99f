#include "security/credentials.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "security/certificate.h"
#include "security/small_file.h"
#include "security/token.h"

namespace bonsai {
namespace {

struct Field {
  const char* name;
  const std::string& file;
  const char* what;
};

absl::Status CheckNamed(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    if (!field.file.empty()) continue;
    return absl::InvalidArgumentError(absl::StrCat("security.", field.name, ": is missing: ", field.what,
                                                   "; `bonsai cert` makes all of them"));
  }
  return absl::OkStatus();
}

absl::Status ReadInto(const Field& field, std::string& bytes) {
  absl::StatusOr<std::string> text = ReadSmallFile(field.file);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("security.", field.name, ": ", text.status().message()));
  }
  bytes = *std::move(text);
  return absl::OkStatus();
}

// What callers and servers have in common.
absl::StatusOr<Credentials> LoadCertificates(const v1::SecurityConfig& config, absl::Time now) {
  const Field certificate{"certificate_file", config.certificate_file(), "the certificate to show"};
  const Field key{"key_file", config.key_file(), "the certificate's key"};
  const Field ca{"ca_file", config.ca_file(), "the authority whose certificates the other side must show"};
  absl::Status status = CheckNamed({certificate, key, ca});
  Credentials credentials;
  if (status.ok()) status = ReadInto(certificate, credentials.certificate);
  if (status.ok()) status = ReadInto(key, credentials.key);
  if (status.ok()) status = ReadInto(ca, credentials.ca);
  if (!status.ok()) return status;
  for (const auto& [file, pem] : {std::pair(config.ca_file(), credentials.ca),
                                  std::pair(config.certificate_file(), credentials.certificate)}) {
    absl::StatusOr<CertificateFacts> facts = ReadCertificateFacts(file, pem);
    if (!facts.ok()) return facts.status();
    if (absl::Status valid = CheckValidity(file, *facts, now); !valid.ok()) return valid;
  }
  status = CheckKey(config.certificate_file(), credentials.certificate, config.key_file(), credentials.key);
  if (!status.ok()) return status;
  return credentials;
}

}  // namespace

bool WantsSecurity(const v1::SecurityConfig& config) { return config.ByteSizeLong() > 0; }

absl::StatusOr<Credentials> LoadServerCredentials(const v1::SecurityConfig& config, absl::Time now) {
  absl::StatusOr<Credentials> credentials = LoadCertificates(config, now);
  if (!credentials.ok()) return credentials;
  absl::Status named =
      CheckNamed({{"tokens_file", config.tokens_file(), "the list of tokens that are accepted"}});
  if (!named.ok()) return named;
  return credentials;
}

absl::StatusOr<Credentials> LoadCallerCredentials(const v1::SecurityConfig& config, absl::Time now) {
  absl::StatusOr<Credentials> credentials = LoadCertificates(config, now);
  if (!credentials.ok()) return credentials;
  absl::Status named = CheckNamed({{"token_file", config.token_file(), "the file with the token to show"}});
  if (!named.ok()) return named;
  absl::StatusOr<std::string> token = ReadTokenFile(config.token_file());
  if (!token.ok()) {
    return absl::Status(token.status().code(),
                        absl::StrCat("security.token_file: ", token.status().message()));
  }
  credentials->token = *std::move(token);
  return credentials;
}

void ResolveFiles(const std::string& folder, v1::SecurityConfig& config) {
  for (std::string* file :
       {config.mutable_certificate_file(), config.mutable_key_file(), config.mutable_ca_file(),
        config.mutable_tokens_file(), config.mutable_token_file()}) {
    if (!file->empty() && file->front() != '/') *file = absl::StrCat(folder, "/", *file);
  }
}

}  // namespace bonsai
