// Suites come as users' task files: any bytes are a suite or refused.
#include <cstdint>
#include <cstdlib>

#include "evaluator/suites/suite_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto suite = bonsai::ParseSuite("task", text);
  if (!suite.ok()) return 0;
  for (const std::string& subset : bonsai::SubsetNames(*suite)) {
    if (bonsai::RulesOfSubset(*suite, subset).subsets_size() > 0) std::abort();
  }
  if (bonsai::SuiteSha256(*suite).size() != 64) std::abort();
  return 0;
}
