#include "client/credential_folder.h"

#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/credential_files.h"
#include "security/authority.h"
#include "security/small_file.h"
#include "security/token.h"
#include "security/token_list.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

// Clocks of other machines may be behind.
constexpr absl::Duration kClockSkew = absl::Minutes(5);
constexpr absl::Duration kLocalValidity = absl::Hours(24 * 3650);
constexpr size_t kNameCharactersMax = 64;

// Held while the list of tokens is read and written.
class ListLock {
 public:
  explicit ListLock(const std::string& folder)
      : fd_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        held_(fd_ >= 0 && flock(fd_, LOCK_EX) == 0) {}
  ~ListLock() {
    if (fd_ >= 0) close(fd_);
  }
  bool held() const { return held_; }

 private:
  const int fd_;
  const bool held_;
};

// A name is a file's name too.
absl::Status CheckName(const std::string& name) {
  const bool valid = !name.empty() && name.size() <= kNameCharactersMax && name.front() != '.' &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) {
                       return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
                     });
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("NAME: \"", name.substr(0, 80), "\" is not 1 to 64 letters, digits, '_', '-', '.'"));
}

}  // namespace

bool CredentialFolder::Has(const std::string& file) const {
  std::error_code error;
  return fs::exists(folder_ + "/" + file, error);
}

absl::Status CredentialFolder::MakeFolder() const {
  std::error_code error;
  const bool made = fs::create_directories(folder_, error);
  if (!error && made) fs::permissions(folder_, fs::perms::owner_all, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("cannot make the folder ", folder_, ": ", error.message()));
}

// The key first: a certificate without its key would be in the way.
absl::Status CredentialFolder::WritePair(const std::string& name, const std::string& certificate,
                                         const std::string& key) const {
  const v1::SecurityConfig files = CertificateFiles(folder_, name);
  if (Has(name + ".pem")) {
    return absl::AlreadyExistsError(
        absl::StrCat(files.certificate_file(), ": is there already, and nothing is replaced; remove it and ",
                     files.key_file(), " if a new one is to take its place"));
  }
  if (absl::Status wrote = WriteNewFile(files.key_file(), key); !wrote.ok()) return wrote;
  absl::Status wrote = WriteNewFile(files.certificate_file(), certificate);
  if (!wrote.ok()) unlink(files.key_file().c_str());
  return wrote;
}

absl::Status CredentialFolder::MakeAuthority(absl::Duration validity) const {
  if (absl::Status made = MakeFolder(); !made.ok()) return made;
  absl::StatusOr<KeyPair> pair =
      bonsai::MakeAuthority({"Bonsai authority", now_ - kClockSkew, now_ + validity});
  if (!pair.ok()) return pair.status();
  return WritePair(kAuthorityName, pair->certificate, pair->key);
}

absl::Status CredentialFolder::MakeCertificate(const std::string& name, const std::vector<std::string>& hosts,
                                               absl::Duration validity) const {
  if (absl::Status valid = CheckName(name); !valid.ok()) return valid;
  const v1::SecurityConfig authority = CertificateFiles(folder_, kAuthorityName);
  absl::StatusOr<std::string> certificate = ReadSmallFile(authority.certificate_file());
  absl::StatusOr<std::string> key = ReadSmallFile(authority.key_file());
  if (!certificate.ok() || !key.ok()) {
    return absl::NotFoundError(absl::StrCat(
        (certificate.ok() ? key : certificate).status().message(),
        "; `bonsai cert init` makes an authority, and this wants the folder that holds it (--credentials)"));
  }
  CertificateTerms terms{name, now_ - kClockSkew, now_ + validity, hosts, !hosts.empty()};
  absl::StatusOr<KeyPair> pair = IssueCertificate({*certificate, *key}, terms);
  if (!pair.ok()) return pair.status();
  return WritePair(name, pair->certificate, pair->key);
}

absl::StatusOr<std::string> CredentialFolder::AddToken(v1::TokenList::Token entry) const {
  if (absl::Status made = MakeFolder(); !made.ok()) return made;
  std::string token = DrawToken();
  entry.set_sha256(TokenSha256(token));
  if (absl::Status valid = CheckToken(entry); !valid.ok()) return valid;
  const ListLock lock(folder_);
  if (!lock.held()) {
    return absl::FailedPreconditionError(absl::StrCat(folder_, ": cannot be locked: ", std::strerror(errno)));
  }
  const std::string path = absl::StrCat(folder_, "/", kTokensFile);
  absl::StatusOr<std::string> text = ReadSmallFile(path, kTokenListBytesMax);
  if (absl::IsNotFound(text.status())) {
    text =
        "# bonsai.v1.TokenList: who may do what. Only the SHA-256 of tokens. Read again when it changes.\n";
  }
  if (!text.ok()) return text.status();
  v1::TokenList one;
  *one.add_tokens() = std::move(entry);
  std::string added;
  google::protobuf::TextFormat::PrintToString(one, &added);
  const std::string whole = absl::StrCat(*text, text->empty() || text->back() == '\n' ? "" : "\n", added);
  // What was there must still be good, and all of it must be within bounds.
  if (absl::StatusOr<v1::TokenList> list = ParseTokenList(path, whole); !list.ok()) return list.status();
  if (absl::Status wrote = ReplaceFile(path, whole); !wrote.ok()) return wrote;
  return token;
}

absl::Status CredentialFolder::CompleteCaller(const std::string& certificate, const std::string& token_file,
                                              v1::TokenList::Token::Role role) const {
  if (!Has(certificate + ".pem")) {
    if (absl::Status made = MakeCertificate(certificate, {}, kLocalValidity); !made.ok()) return made;
  }
  if (Has(token_file)) return absl::OkStatus();
  v1::TokenList::Token entry;
  entry.set_name(certificate);
  entry.add_roles(role);
  absl::StatusOr<std::string> token = AddToken(std::move(entry));
  if (!token.ok()) return token.status();
  return WriteNewFile(folder_ + "/" + token_file, *token + "\n");
}

absl::Status CredentialFolder::Complete(const std::vector<v1::WorkerConfig>& workers) const {
  absl::Status status;
  if (!Has(absl::StrCat(kAuthorityName, ".pem"))) status = MakeAuthority(kLocalValidity);
  if (status.ok() && !Has(absl::StrCat(kServerName, ".pem"))) {
    status = MakeCertificate(kServerName, {"localhost", "127.0.0.1", "::1"}, kLocalValidity);
  }
  if (status.ok()) status = CompleteCaller(kClientName, kTokenFile, v1::TokenList::Token::ADMIN);
  for (const v1::WorkerConfig& worker : workers) {
    const std::string& id = worker.worker_id();
    if (status.ok()) status = CompleteCaller(id, id + ".token", v1::TokenList::Token::WORK);
  }
  return status;
}

}  // namespace bonsai
