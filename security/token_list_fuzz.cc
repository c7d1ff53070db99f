// The list of tokens is edited by hand, and the authorization of a call comes from anybody: any bytes are
// parsed or refused, and what is accepted is what it must be.
#include <cstdint>
#include <cstdlib>

#include "security/token.h"
#include "security/token_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto list = bonsai::ParseTokenList("list", bytes);
  if (list.ok()) {
    for (const auto& token : list->tokens()) {
      if (!bonsai::CheckToken(token).ok() || token.sha256().size() != 64) std::abort();
      // Nobody can show a hash in place of its token.
      if (bonsai::FindToken(*list, token.sha256(), absl::UnixEpoch()).ok()) std::abort();
    }
  }
  const auto token = bonsai::ParseAuthorization(bytes);
  if (!token.ok()) return 0;
  if (token->empty() || token->size() > 256 || token->find('\n') != absl::string_view::npos) std::abort();
  // It is within the value that came.
  if (token->data() < bytes.data() || token->data() + token->size() > bytes.data() + bytes.size())
    std::abort();
  if (list.ok()) (void)bonsai::FindToken(*list, *token, absl::UnixEpoch());
  return 0;
}
