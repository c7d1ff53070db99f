// Templates come from users' task files: any text is parsed or refused, and what is parsed renders within its
// bounds.
#include <cstdint>
#include <cstdlib>

#include "evaluator/suites/prompt_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = bonsai::PromptTemplate::Parse(text);
  if (!parsed.ok()) return 0;
  const bonsai::FieldLookup field = [](absl::string_view path) -> std::optional<std::string> {
    if (path.size() % 2 == 1) return std::nullopt;
    return std::string(path) + "{}";
  };
  const auto out = parsed->Render(field, {field, field, field});
  if (out.ok() && out->size() > bonsai::PromptTemplate::kOutputBytesMax) std::abort();
  parsed->Uses(text);
  return 0;
}
