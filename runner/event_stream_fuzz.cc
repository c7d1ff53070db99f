// An agent reads what a crashing runner wrote: any bytes are events or an error, however they are cut.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "runner/event_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  bonsai::EventReader whole;
  auto all = whole.Feed(bytes);
  bonsai::EventReader cut;
  size_t events = 0;
  bool ok = true;
  for (size_t at = 0; at < size && ok; at += 7) {
    auto some = cut.Feed(bytes.substr(at, 7));
    ok = some.ok();
    if (ok) events += some->size();
  }
  if (ok != all.ok() || (ok && (events != all->size() || cut.AtBoundary() != whole.AtBoundary())))
    std::abort();
  return 0;
}
