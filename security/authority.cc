#include "security/authority.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "security/openssl_handles.h"

namespace bonsai {
namespace {

constexpr size_t kNameCharactersMax = 64;  // X.520's bound of a common name
constexpr size_t kHostCharactersMax = 253;
constexpr size_t kHostsMax = 100;

// What OpenSSL says of a request that we made: a bug of ours, or no memory.
void Must(bool done) {
  if (!done) std::abort();
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool IsDnsName(const std::string& host) {
  return !host.empty() && host.size() <= kHostCharactersMax &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
         });
}

absl::Status CheckTerms(const CertificateTerms& terms) {
  const bool printable = std::all_of(terms.name.begin(), terms.name.end(),
                                     [](unsigned char c) { return absl::ascii_isprint(c); });
  if (terms.name.empty() || terms.name.size() > kNameCharactersMax || !printable) {
    return absl::InvalidArgumentError(absl::StrCat("name: wants 1 to ", kNameCharactersMax,
                                                   " printable characters, not ", terms.name.size()));
  }
  if (terms.server && (terms.hosts.empty() || terms.hosts.size() > kHostsMax)) {
    return absl::InvalidArgumentError(absl::StrCat("hosts: wants 1 to ", kHostsMax,
                                                   " names or addresses at which the server is dialled, not ",
                                                   terms.hosts.size()));
  }
  for (const std::string& host : terms.hosts) {
    if (!IsAddress(host) && !IsDnsName(host)) {
      return absl::InvalidArgumentError(
          absl::StrCat("hosts: \"", host.substr(0, 80), "\" is neither a DNS name nor an IP address"));
    }
  }
  return absl::OkStatus();
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

void SetSerial(X509* certificate) {
  unsigned char bytes[16];
  Must(RAND_bytes(bytes, sizeof bytes) == 1);
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3f) | 0x40);  // positive, and never short
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  Must(number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
  BN_free(number);
}

// A certificate of the key with everything but extensions and signature.
X509Handle Draft(const CertificateTerms& terms, EVP_PKEY* key, const X509_NAME* issuer) {
  X509Handle certificate(X509_new());
  Must(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  SetSerial(certificate.get());
  Must(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(terms.not_before)) != nullptr);
  Must(ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(terms.not_after)) != nullptr);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const auto* name = reinterpret_cast<const unsigned char*>(terms.name.c_str());
  Must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1);
  Must(X509_set_issuer_name(certificate.get(), issuer == nullptr ? subject : issuer) == 1);
  Must(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

KeyPair ToPem(X509* certificate, EVP_PKEY* key) {
  const BioHandle certificate_bio(BIO_new(BIO_s_mem()));
  const BioHandle key_bio(BIO_new(BIO_s_mem()));
  Must(PEM_write_bio_X509(certificate_bio.get(), certificate) == 1);
  Must(PEM_write_bio_PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {BioText(certificate_bio.get()), BioText(key_bio.get())};
}

std::string AlternativeNames(const std::vector<std::string>& hosts) {
  return absl::StrJoin(hosts, ",", [](std::string* out, const std::string& host) {
    absl::StrAppend(out, IsAddress(host) ? "IP:" : "DNS:", host);
  });
}

}  // namespace

absl::StatusOr<KeyPair> MakeAuthority(const CertificateTerms& terms) {
  if (absl::Status valid = CheckTerms(terms); !valid.ok()) return valid;
  const KeyHandle key(EVP_EC_gen("P-256"));
  Must(key != nullptr);
  const X509Handle certificate = Draft(terms, key.get(), nullptr);
  X509* self = certificate.get();
  AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  AddExtension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(self, self, NID_subject_key_identifier, "hash");
  Must(X509_sign(self, key.get(), EVP_sha256()) > 0);
  return ToPem(self, key.get());
}

absl::StatusOr<KeyPair> IssueCertificate(const KeyPair& authority, const CertificateTerms& terms) {
  if (absl::Status valid = CheckTerms(terms); !valid.ok()) return valid;
  const X509Handle issuer = ParseCertificate(authority.certificate);
  const KeyHandle issuer_key = ParseKey(authority.key);
  const bool fits = issuer != nullptr && issuer_key != nullptr &&
                    X509_check_private_key(issuer.get(), issuer_key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return absl::InvalidArgumentError(
        "the authority's certificate and key cannot be read, or do not belong together; `bonsai cert init` "
        "makes both");
  }
  const KeyHandle key(EVP_EC_gen("P-256"));
  Must(key != nullptr);
  const X509Handle certificate = Draft(terms, key.get(), X509_get_subject_name(issuer.get()));
  X509* self = certificate.get();
  AddExtension(self, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(self, issuer.get(), NID_key_usage, "critical,digitalSignature");
  AddExtension(self, issuer.get(), NID_ext_key_usage, terms.server ? "serverAuth" : "clientAuth");
  AddExtension(self, issuer.get(), NID_subject_key_identifier, "hash");
  AddExtension(self, issuer.get(), NID_authority_key_identifier, "keyid:always");
  if (!terms.hosts.empty()) {
    AddExtension(self, issuer.get(), NID_subject_alt_name, AlternativeNames(terms.hosts));
  }
  Must(X509_sign(self, issuer_key.get(), EVP_sha256()) > 0);
  return ToPem(self, key.get());
}

}  // namespace bonsai
