#include "security/handshake.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "security/certificate.h"
#include "security/openssl_handles.h"

namespace bonsai {
namespace {

constexpr int kTimeoutSeconds = 3;

using ContextHandle = std::unique_ptr<SSL_CTX, OpensslDelete<SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, OpensslDelete<SSL_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, OpensslDelete<X509_STORE_CTX_free>>;

struct Socket {
  int fd = -1;
  ~Socket() {
    if (fd >= 0) close(fd);
  }
};

struct Place {
  std::string host;
  std::string port;
};

Place Split(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host, address.substr(colon + 1)};
}

// Connects; leaves `socket` without a descriptor if nobody answers.
void Connect(const Place& place, Socket& socket) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found) != 0) return;
  const timeval timeout{kTimeoutSeconds, 0};
  for (const addrinfo* one = found; one != nullptr && socket.fd < 0; one = one->ai_next) {
    socket.fd = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket.fd < 0) continue;
    setsockopt(socket.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    if (connect(socket.fd, one->ai_addr, one->ai_addrlen) == 0) break;
    close(socket.fd);
    socket.fd = -1;
  }
  freeaddrinfo(found);
}

void AddAuthorities(const std::string& pem, SSL_CTX* context) {
  const BioHandle bio = ReadBio(pem);
  while (true) {
    const X509Handle certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) break;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  }
  ERR_clear_error();
}

// The server's certificate is checked and the result kept, but the handshake goes on, so that we can say
// more.
ContextHandle MakeContext(const Credentials* credentials) {
  ContextHandle context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || credentials == nullptr) return context;
  AddAuthorities(credentials->ca, context.get());
  const X509Handle certificate = ParseCertificate(credentials->certificate);
  const KeyHandle key = ParseKey(credentials->key);
  if (certificate != nullptr) SSL_CTX_use_certificate(context.get(), certificate.get());
  if (key != nullptr) SSL_CTX_use_PrivateKey(context.get(), key.get());
  return context;
}

void ExpectHost(const std::string& host, SSL* ssl) {
  unsigned char bytes[16];
  const bool numeric =
      inet_pton(AF_INET, host.c_str(), bytes) == 1 || inet_pton(AF_INET6, host.c_str(), bytes) == 1;
  if (numeric) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
}

// What the server's certificate says of itself, as far as it came.
CertificateFacts ServerFacts(const SSL* ssl) {
  const X509Handle certificate(SSL_get1_peer_certificate(ssl));
  const BioHandle bio(BIO_new(BIO_s_mem()));
  if (certificate == nullptr || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return {};
  absl::StatusOr<CertificateFacts> facts = ReadCertificateFacts("", BioText(bio.get()));
  return facts.ok() ? *std::move(facts) : CertificateFacts();
}

absl::Status ServerProblem(long result, const CertificateFacts& server, const Place& place) {
  const std::string who = absl::StrCat("the certificate of the coordinator at ", place.host, ":", place.port);
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::UnauthenticatedError(absl::StrCat(
          who, " is valid from ", absl::FormatTime("%Y-%m-%d %H:%M", server.not_before, absl::UTCTimeZone()),
          " to ", absl::FormatTime("%Y-%m-%d %H:%M UTC", server.not_after, absl::UTCTimeZone()),
          "; who runs it makes a new one with `bonsai cert server` (or is a clock wrong?)"));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return absl::UnauthenticatedError(absl::StrCat(
          who, " is for the names ", absl::StrJoin(server.hosts, ", "), ", not for ", place.host,
          "; dial one of those, or have one made with `bonsai cert server --host ", place.host, "`"));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return absl::UnauthenticatedError(absl::StrCat(
          who, " is signed by \"", server.issuer,
          "\", an authority that this side does not know; the file of the authority (ca.pem) must be "
          "the one that the coordinator's certificate was made with"));
    default:
      return absl::UnauthenticatedError(
          absl::StrCat(who, " is not accepted: ", X509_verify_cert_error_string(result)));
  }
}

// Whether our certificate is one that the authority would accept from a caller: what a server would say of
// it, which gRPC's servers do not: they hang up.
absl::Status OwnProblem(const Credentials& credentials) {
  absl::StatusOr<CertificateFacts> own =
      ReadCertificateFacts("this side's certificate", credentials.certificate);
  if (!own.ok()) return absl::UnauthenticatedError(own.status().message());
  const std::string whose = absl::StrCat("the coordinator refuses this side's certificate (", own->name, ")");
  const ContextHandle context = MakeContext(&credentials);
  const X509Handle certificate = ParseCertificate(credentials.certificate);
  const StoreContextHandle check(X509_STORE_CTX_new());
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context.get()), certificate.get(), nullptr);
  X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_CLIENT);
  const bool good = X509_verify_cert(check.get()) == 1;
  const int error = X509_STORE_CTX_get_error(check.get());
  ERR_clear_error();
  if (good)
    return absl::UnauthenticatedError(absl::StrCat(whose, ", though its authority seems to be the same"));
  if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
    return absl::UnauthenticatedError(absl::StrCat(
        whose, ": it has expired; have `bonsai cert client` or `bonsai cert worker` make a new one"));
  }
  if (error == X509_V_ERR_INVALID_PURPOSE) {
    return absl::UnauthenticatedError(absl::StrCat(
        whose, ": it is a server's; have `bonsai cert client` or `bonsai cert worker` make one for calls"));
  }
  return absl::UnauthenticatedError(
      absl::StrCat(whose, ": \"", own->issuer,
                   "\" signed it, which is not the coordinator's authority; have `bonsai "
                   "cert client` make one there"));
}

// What a connection means that did not get as far as a byte of HTTP/2.
absl::Status Explain(SSL* ssl, const Credentials* credentials, const Place& place) {
  const X509Handle peer(SSL_get1_peer_certificate(ssl));
  const bool speaks_tls = peer != nullptr;
  bool plain = false;
  while (const unsigned long error = ERR_get_error()) {
    plain = plain || ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER;
  }
  if (speaks_tls && credentials == nullptr) {
    return absl::UnauthenticatedError(
        "the coordinator wants a certificate and a token; name the folder that holds them with --credentials "
        "or "
        "BONSAI_CREDENTIALS (`bonsai cert` makes them)");
  }
  if (speaks_tls) return OwnProblem(*credentials);
  if (credentials != nullptr && plain) {
    return absl::UnauthenticatedError(
        absl::StrCat("what answers at ", place.host, ":", place.port,
                     " does not speak TLS: a coordinator without certificates; leave the credentials out"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DiagnoseHandshake(const std::string& address, const Credentials* credentials) {
  std::signal(SIGPIPE, SIG_IGN);
  const Place place = Split(address);
  Socket socket;
  if (!place.host.empty()) Connect(place, socket);
  if (socket.fd < 0) return absl::OkStatus();
  const ContextHandle context = MakeContext(credentials);
  const SslHandle ssl(context == nullptr ? nullptr : SSL_new(context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket.fd) != 1) return absl::OkStatus();
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof kHttp2);
  if (credentials != nullptr) ExpectHost(place.host, ssl.get());
  ERR_clear_error();
  const bool shaken = SSL_connect(ssl.get()) == 1;
  const long result = SSL_get_verify_result(ssl.get());
  if (credentials != nullptr && result != X509_V_OK) {
    const CertificateFacts facts = ServerFacts(ssl.get());
    ERR_clear_error();
    return ServerProblem(result, facts, place);
  }
  // In TLS 1.3 the server looks at our certificate after our side of the handshake is done.
  char byte = 0;
  if (shaken && SSL_read(ssl.get(), &byte, 1) == 1) return absl::OkStatus();
  return Explain(ssl.get(), credentials, place);
}

}  // namespace bonsai
