// Records and the lists within them come from files of others: any text is read or refused.
#include <cstdint>
#include <cstdlib>

#include "evaluator/suites/record_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto list = bonsai::ParseStringList(text); list.ok()) {
    size_t bytes = 0;
    for (const std::string& item : *list) bytes += item.size();
    if (bytes > size) std::abort();  // no escape is shorter than what it stands for
  }
  bonsai::v1::Document document;
  document.set_record(text);
  const auto fields = bonsai::RecordFields::Read(document);
  if (!fields.ok()) return 0;
  for (const char* path : {"a", "a.b", "a.0", "", ".", "a.0.b"}) fields->Text(path);
  return 0;
}
