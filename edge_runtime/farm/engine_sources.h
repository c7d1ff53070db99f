// The engine's sources as they are installed (share/engine), listed and named by one digest: what a bundle
// was built from.
//
// Called by the build runner. A function without state; safe from any thread.
#ifndef BONSAI_EDGE_RUNTIME_FARM_ENGINE_SOURCES_H_
#define BONSAI_EDGE_RUNTIME_FARM_ENGINE_SOURCES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bonsai {

struct EngineSources {
  std::string folder;                   // the root of "edge_runtime/..." includes
  std::vector<std::string> to_compile;  // every .cc, relative to the folder, sorted
  std::string sha256;                   // of every .cc and .h: path and digest, in order
};

// NotFound if the folder is not there, FailedPrecondition if it holds no .cc file.
absl::StatusOr<EngineSources> ListEngineSources(const std::string& folder);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_ENGINE_SOURCES_H_
