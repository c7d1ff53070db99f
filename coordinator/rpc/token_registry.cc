#include "coordinator/rpc/token_registry.h"

#include <sys/stat.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/rpc/stderr_log.h"
#include "security/small_file.h"
#include "security/token_list.h"

namespace bonsai {
namespace {

constexpr int64_t kLookIntervalMs = 200;

int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenRegistry>> TokenRegistry::Open(const std::string& path) {
  std::unique_ptr<TokenRegistry> registry(new TokenRegistry(path));
  registry->version_ = registry->VersionNow();
  absl::StatusOr<v1::TokenList> list = registry->ReadList();
  if (!list.ok()) return list.status();
  registry->list_ = std::make_shared<const v1::TokenList>(*std::move(list));
  registry->looked_ms_ = SteadyMs();
  return registry;
}

TokenRegistry::Version TokenRegistry::VersionNow() const {
  struct stat facts {};
  if (stat(path_.c_str(), &facts) != 0) return {};
  return {facts.st_ino, facts.st_mtim.tv_sec * 1000000000LL + facts.st_mtim.tv_nsec, facts.st_size};
}

absl::StatusOr<v1::TokenList> TokenRegistry::ReadList() const {
  absl::StatusOr<std::string> text = ReadSmallFile(path_, kTokenListBytesMax);
  if (!text.ok()) return text.status();
  absl::StatusOr<v1::TokenList> list = ParseTokenList(path_, *text);
  if (list.ok() && list->tokens().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": lists no token, so that nobody could call; `bonsai cert token` adds one"));
  }
  return list;
}

void TokenRegistry::ReloadLocked() {
  looked_ms_ = SteadyMs();
  const Version version = VersionNow();
  if (version == version_) return;
  version_ = version;
  absl::StatusOr<v1::TokenList> list = ReadList();
  if (!list.ok()) {
    LogLine(absl::StrCat("the list of tokens has changed and cannot be used; the ", list_->tokens_size(),
                         " tokens that were known stay: ", list.status().message()));
    return;
  }
  LogLine(absl::StrCat("the list of tokens was read again: ", list->tokens_size(), " tokens"));
  list_ = std::make_shared<const v1::TokenList>(*std::move(list));
}

void TokenRegistry::Reload() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ReloadLocked();
}

absl::StatusOr<v1::TokenList::Token> TokenRegistry::Find(absl::string_view token, absl::Time now) {
  std::shared_ptr<const v1::TokenList> list;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (SteadyMs() - looked_ms_ >= kLookIntervalMs) ReloadLocked();
    list = list_;
  }
  absl::StatusOr<const v1::TokenList::Token*> found = FindToken(*list, token, now);
  if (!found.ok()) return found.status();
  return **found;
}

}  // namespace bonsai
