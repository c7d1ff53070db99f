// The tokens that are accepted now: the file that security.tokens_file names, read again when it changes. A
// file that cannot be used changes nothing: the tokens that were known stay, and the log says so.
//
// Safe to call from any thread. The file is looked at by the callers, a few times a second at most.
#ifndef BONSAI_COORDINATOR_RPC_TOKEN_REGISTRY_H_
#define BONSAI_COORDINATOR_RPC_TOKEN_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/config.pb.h"

namespace bonsai {

class TokenRegistry {
 public:
  // As ReadSmallFile and ParseTokenList; FailedPrecondition if the list is empty: nobody could call.
  static absl::StatusOr<std::unique_ptr<TokenRegistry>> Open(const std::string& path);

  // As bonsai::FindToken, over what the file holds now.
  absl::StatusOr<v1::TokenList::Token> Find(absl::string_view token, absl::Time now);

  // Looks at the file now, however short ago that was done.
  void Reload();

 private:
  // Tells the versions of a file apart: inode, time of change, size.
  using Version = std::tuple<uint64_t, int64_t, int64_t>;

  explicit TokenRegistry(std::string path) : path_(std::move(path)) {}
  Version VersionNow() const;
  absl::StatusOr<v1::TokenList> ReadList() const;
  void ReloadLocked();

  const std::string path_;
  std::mutex mutex_;
  std::shared_ptr<const v1::TokenList> list_;
  Version version_;
  int64_t looked_ms_ = 0;  // on the steady clock
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_RPC_TOKEN_REGISTRY_H_
