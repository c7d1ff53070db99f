// A folder of credentials, made here: the authority, what it signs, and tokens with their list. Files are for
// their owner's eyes (0600), and nothing that is there is ever replaced, but for the list of tokens, which
// grows.
//
// Called by `bonsai cert` and `bonsai up --secure`. Blocks for files; several processes may use one folder.
#ifndef BONSAI_CLIENT_CREDENTIAL_FOLDER_H_
#define BONSAI_CLIENT_CREDENTIAL_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

class CredentialFolder {
 public:
  // The folder is made, for its owner alone, when something is put there.
  CredentialFolder(std::string folder, absl::Time now) : folder_(std::move(folder)), now_(now) {}

  const std::string& path() const { return folder_; }
  bool Has(const std::string& file) const;

  // ca.pem and ca-key.pem. AlreadyExists if there is one of them.
  absl::Status MakeAuthority(absl::Duration validity) const;

  // NAME.pem and NAME-key.pem, signed by the authority. With hosts it is a server's; otherwise a client's or
  // a worker's. AlreadyExists; NotFound if there is no authority; InvalidArgument: the name or a host.
  absl::Status MakeCertificate(const std::string& name, const std::vector<std::string>& hosts,
                               absl::Duration validity) const;

  // Adds a token to tokens.textproto; `entry` without a hash. Returns the token, which is nowhere else.
  // InvalidArgument as CheckToken; the file's own errors.
  absl::StatusOr<std::string> AddToken(v1::TokenList::Token entry) const;

  // Everything that a local cluster needs, as far as it is not there: the authority, the server's certificate
  // for this machine, the client's with a token for admins, and one of each for every worker.
  absl::Status Complete(const std::vector<v1::WorkerConfig>& workers) const;

 private:
  absl::Status MakeFolder() const;
  absl::Status WritePair(const std::string& name, const std::string& certificate,
                         const std::string& key) const;
  absl::Status CompleteCaller(const std::string& certificate, const std::string& token_file,
                              v1::TokenList::Token::Role role) const;

  const std::string folder_;
  const absl::Time now_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CREDENTIAL_FOLDER_H_
