// Items come from a store that others may write to: any bytes are parsed or refused, and what is shown of
// them stays text.
#include <cstdint>
#include <cstdlib>

#include "coordinator/web/item_sample.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const bool cut : {false, true}) {
    const auto sample = bonsai::ParseItems(bytes, cut, 20);
    if (!sample.ok()) continue;
    if (sample->items.size() > 20) std::abort();
    if (bonsai::ItemsHtml(*sample, "/api").find("<script") != std::string::npos) std::abort();
    if (bonsai::ItemsTable(*sample, "/api").rows.size() != sample->items.size()) std::abort();
  }
  return 0;
}
