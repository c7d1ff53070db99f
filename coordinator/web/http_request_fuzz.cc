// Queries come from whoever can reach the port: any bytes are parsed or refused, within bounds.
#include <cstdint>
#include <cstdlib>

#include "coordinator/web/http_request.h"
#include "coordinator/web/markup.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = bonsai::ParseQuery(text);
  if (query.ok()) {
    if (query->size() > bonsai::kQueryFieldsMax) std::abort();
    for (const auto& [name, value] : *query) {
      // What is accepted can be written into a link, and comes back as it was.
      const auto again = bonsai::ParseQuery(bonsai::EscapeUrl(name) + "=" + bonsai::EscapeUrl(value));
      if (!name.empty() && (!again.ok() || again->at(name) != value)) std::abort();
    }
  }
  bonsai::MatchRoute("/jobs/{pipeline}/{job}", text);
  bonsai::IsLocalHostName(text);
  return 0;
}
