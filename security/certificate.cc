#include "security/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "security/openssl_handles.h"

namespace bonsai {
namespace {

std::string CommonName(const X509_NAME* name) {
  char text[256] = "";
  X509_NAME_get_text_by_NID(const_cast<X509_NAME*>(name), NID_commonName, text, sizeof text);
  return text;
}

absl::Time ToTime(const ASN1_TIME* time) {
  tm broken_down = {};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return absl::InfinitePast();
  return absl::FromTM(broken_down, absl::UTCTimeZone());
}

std::vector<std::string> Hosts(const X509* certificate) {
  std::vector<std::string> hosts;
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      const ASN1_IA5STRING* dns = name->d.dNSName;
      hosts.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(dns)), ASN1_STRING_length(dns));
    } else if (name->type == GEN_IPADD) {
      const int size = ASN1_STRING_length(name->d.iPAddress);
      char text[INET6_ADDRSTRLEN] = "";
      if (size == 4 || size == 16) {
        inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), text,
                  sizeof text);
        hosts.emplace_back(text);
      }
    }
  }
  GENERAL_NAMES_free(names);
  return hosts;
}

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone()); }

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificateFacts(absl::string_view file, absl::string_view pem) {
  const X509Handle certificate = ParseCertificate(pem);
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"));
  }
  CertificateFacts facts;
  facts.name = CommonName(X509_get_subject_name(certificate.get()));
  facts.issuer = CommonName(X509_get_issuer_name(certificate.get()));
  facts.hosts = Hosts(certificate.get());
  facts.not_before = ToTime(X509_get0_notBefore(certificate.get()));
  facts.not_after = ToTime(X509_get0_notAfter(certificate.get()));
  return facts;
}

absl::Status CheckValidity(absl::string_view file, const CertificateFacts& facts, absl::Time now) {
  if (now < facts.not_before) {
    return absl::FailedPreconditionError(absl::StrCat(file, ": the certificate of ", facts.name,
                                                      " begins at ", Day(facts.not_before),
                                                      "; is this machine's clock right?"));
  }
  if (now <= facts.not_after) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(file, ": the certificate of ", facts.name, " expired at ",
                                                    Day(facts.not_after),
                                                    "; have its authority make a new one (`bonsai cert`)"));
}

absl::Status CheckKey(absl::string_view certificate_file, absl::string_view certificate_pem,
                      absl::string_view key_file, absl::string_view key_pem) {
  const X509Handle certificate = ParseCertificate(certificate_pem);
  const KeyHandle key = ParseKey(key_pem);
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(certificate_file, ": holds no certificate in PEM form"));
  }
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(key_file, ": holds no private key in PEM form without a password"));
  }
  const bool same = X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  if (same) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(key_file, ": is not the key of the certificate in ", certificate_file));
}

}  // namespace bonsai
