#include <cstdint>
#include <cstdlib>
#include <utility>

#include "worker/data/source_reader.h"

// The first byte chooses the format, and for arrays in objects the member.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first three keep their numbers: seeds begin with them.
  using Spec = bonsai::v1::DataSpec;
  const struct {
    Spec::Format format;
    const char* field;
  } kinds[] = {{Spec::C4_JSON_GZ, ""}, {Spec::ALPACA_JSON, ""}, {Spec::COMMONSENSEQA_JSONL, ""},
               {Spec::JSON_LINES, ""}, {Spec::JSON_ARRAY, ""},  {Spec::JSON_ARRAY, "a"},
               {Spec::CSV, ""},        {Spec::JSON_ARRAY, "*"}, {Spec::TEXT, ""}};
  const auto& kind = kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))];
  auto file = bonsai::ByteStream::OverBytes({reinterpret_cast<const char*>(data) + 1, size - 1}, "fuzz");
  auto reader = bonsai::SourceReader::Over(kind.format, std::move(file), kind.field);
  if (!reader.ok()) return 0;  // gzip that breaks off in its first bytes
  bonsai::v1::Document document;
  absl::StatusOr<bool> more = true;
  while (more.ok() && *more) more = (*reader)->Next(&document);
  return 0;
}
