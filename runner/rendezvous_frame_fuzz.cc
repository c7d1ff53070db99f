// Frames come from whoever reaches the port: any bytes are decoded or refused.
#include <cstdint>
#include <cstdlib>

#include "runner/rendezvous_frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view body(reinterpret_cast<const char*>(data), size);
  auto words = bonsai::DecodeRendezvousFrame(body);
  // What is accepted is what we send.
  if (words.ok() && bonsai::EncodeRendezvousFrame(*words).substr(4) != body) std::abort();
  bonsai::ParseRendezvousAddress(body).status().IgnoreError();
  return 0;
}
