// Any bytes are parsed or refused; the views of what is accepted lie in the file.
#include <cstdint>
#include <cstdlib>

#include "worker/surgery/gguf_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = bonsai::ParseGguf({data, size});
  if (!file.ok()) return 0;
  for (const auto& [name, view] : file->tensors) {
    if (view.data.data() < data || view.data.data() + view.data.size() > data + size) std::abort();
    if (view.data.size() != bonsai::edge::CountElements(view) * bonsai::edge::DTypeBytes(view.dtype))
      std::abort();
  }
  return 0;
}
