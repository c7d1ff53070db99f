#include "worker/data/utf8_repair.h"

#include <string_view>

#include "edge_runtime/model/utf8.h"

namespace bonsai {

uint64_t RepairUtf8(absl::string_view text, std::string* repaired) {
  std::string_view rest(text.data(), text.size());
  uint64_t replaced = 0;
  size_t copied = 0;  // text[0, copied) is in *repaired, once something was replaced
  for (size_t i = 0; i < text.size();) {
    const size_t length = edge::Utf8Length(rest.substr(i));
    if (length > 0) {
      i += length;
      continue;
    }
    if (replaced++ == 0) repaired->clear();
    repaired->append(rest.substr(copied, i - copied));
    repaired->append(edge::kReplacementCharacter);
    copied = ++i;
  }
  if (replaced > 0) repaired->append(rest.substr(copied));
  return replaced;
}

}  // namespace bonsai
