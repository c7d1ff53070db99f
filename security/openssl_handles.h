// OpenSSL's objects, each freed once.
//
// Included by the .cc files of this folder only.
#ifndef BONSAI_SECURITY_OPENSSL_HANDLES_H_
#define BONSAI_SECURITY_OPENSSL_HANDLES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace bonsai {

template <auto Free>
struct OpensslDelete {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioHandle = std::unique_ptr<BIO, OpensslDelete<BIO_free_all>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, OpensslDelete<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, OpensslDelete<X509_free>>;

inline BioHandle ReadBio(absl::string_view bytes) {
  return BioHandle(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// nullptr: there is no certificate in the text.
inline X509Handle ParseCertificate(absl::string_view pem) {
  const BioHandle bio = ReadBio(pem);
  return X509Handle(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// nullptr: there is no key in the text, or one that a password guards.
inline KeyHandle ParseKey(absl::string_view pem) {
  const BioHandle bio = ReadBio(pem);
  const auto no_password = [](char*, int, int, void*) { return 0; };
  return KeyHandle(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
}

inline std::string BioText(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<size_t>(size));
}

}  // namespace bonsai

#endif  // BONSAI_SECURITY_OPENSSL_HANDLES_H_
