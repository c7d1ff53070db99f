// How a folder of credentials is laid out: which file holds what. `bonsai cert` and `bonsai up --secure`
// write them, and the command line finds them.
//
// Pure.
#ifndef BONSAI_CLIENT_CREDENTIAL_FILES_H_
#define BONSAI_CLIENT_CREDENTIAL_FILES_H_

#include <string>

#include "bonsai/v1/config.pb.h"

namespace bonsai {

inline constexpr char kAuthorityName[] = "ca";   // ca.pem, ca-key.pem
inline constexpr char kServerName[] = "server";  // server.pem, server-key.pem
inline constexpr char kClientName[] = "client";  // client.pem, client-key.pem
inline constexpr char kTokenFile[] = "token";    // of the client
inline constexpr char kTokensFile[] = "tokens.textproto";

// Of a local cluster in `dir`.
inline std::string CredentialsFolder(const std::string& dir) { return dir + "/credentials"; }

// The files of the certificate of that name, of its key, and of the authority.
inline v1::SecurityConfig CertificateFiles(const std::string& folder, const std::string& name) {
  v1::SecurityConfig files;
  files.set_certificate_file(folder + "/" + name + ".pem");
  files.set_key_file(folder + "/" + name + "-key.pem");
  files.set_ca_file(folder + "/" + kAuthorityName + ".pem");
  return files;
}

// What a client shows.
inline v1::SecurityConfig ClientFiles(const std::string& folder) {
  v1::SecurityConfig files = CertificateFiles(folder, kClientName);
  files.set_token_file(folder + "/" + kTokenFile);
  return files;
}

// What a coordinator shows and wants to see.
inline v1::SecurityConfig ServerFiles(const std::string& folder) {
  v1::SecurityConfig files = CertificateFiles(folder, kServerName);
  files.set_tokens_file(folder + "/" + kTokensFile);
  return files;
}

// What the worker of that id shows.
inline v1::SecurityConfig WorkerFiles(const std::string& folder, const std::string& worker_id) {
  v1::SecurityConfig files = CertificateFiles(folder, worker_id);
  files.set_token_file(folder + "/" + worker_id + ".token");
  return files;
}

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CREDENTIAL_FILES_H_
