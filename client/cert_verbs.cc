#include "client/cert_verbs.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/credential_files.h"
#include "client/credential_folder.h"
#include "security/token_list.h"

namespace bonsai {
namespace {

CredentialFolder FolderOf(const Session& session) {
  return CredentialFolder(session.credentials.empty() ? CredentialsFolder(session.dir) : session.credentials,
                          absl::Now());
}

absl::Duration Days(int days) { return absl::Hours(24) * days; }

absl::StatusOr<int> SayMade(const absl::Status& made, const CredentialFolder& folder, const std::string& name,
                            Session& session) {
  if (!made.ok()) return made;
  const v1::SecurityConfig files = CertificateFiles(folder.path(), name);
  session.out << files.certificate_file() << "\n" << files.key_file() << "\n" << std::flush;
  return kExitOk;
}

}  // namespace

absl::StatusOr<int> RunCertInit(const CertOptions& options, Session& session) {
  const CredentialFolder folder = FolderOf(session);
  return SayMade(folder.MakeAuthority(Days(options.authority_days)), folder, kAuthorityName, session);
}

absl::StatusOr<int> RunCertServer(const CertOptions& options, Session& session) {
  const CredentialFolder folder = FolderOf(session);
  return SayMade(folder.MakeCertificate(kServerName, options.hosts, Days(options.days)), folder, kServerName,
                 session);
}

absl::StatusOr<int> RunCertCaller(const CertOptions& options, Session& session) {
  const CredentialFolder folder = FolderOf(session);
  return SayMade(folder.MakeCertificate(options.name, {}, Days(options.days)), folder, options.name, session);
}

absl::StatusOr<int> RunCertToken(const CertOptions& options, Session& session) {
  v1::TokenList::Token entry;
  entry.set_name(options.name);
  entry.set_tenant(options.tenant);
  entry.add_roles(ParseRole(options.role));
  if (options.days > 0) entry.set_expires_unix_ms(absl::ToUnixMillis(absl::Now() + Days(options.days)));
  const CredentialFolder folder = FolderOf(session);
  absl::StatusOr<std::string> token = folder.AddToken(std::move(entry));
  if (!token.ok()) return token.status();
  session.out << *token << "\n" << std::flush;
  session.err
      << "bonsai: keep it now, in a file that only its owner reads: it is not shown again. Its SHA-256 is in "
      << folder.path() << "/" << kTokensFile << "\n";
  return kExitOk;
}

}  // namespace bonsai
