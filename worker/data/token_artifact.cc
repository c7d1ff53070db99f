#include "worker/data/token_artifact.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/manifest.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<PackedTokens>> OpenTokenArtifact(RunnerContext& context,
                                                                const InputArtifact& input) {
  const auto wrong = [&input](const std::string& what) {
    return absl::FailedPreconditionError(absl::StrCat("artifact ", input.id.substr(0, 12), " ", what));
  };
  if (input.manifest.kind() != "tokens") return wrong("is of kind " + input.manifest.kind() + ", not tokens");
  uint32_t vocab_size = 0;
  uint64_t tokens = 0;
  for (const v1::Property& property : input.manifest.properties()) {
    const bool valid = property.name() == "vocab_size" ? absl::SimpleAtoi(property.value(), &vocab_size)
                       : property.name() == "tokens"   ? absl::SimpleAtoi(property.value(), &tokens)
                                                       : true;
    if (!valid) return wrong(absl::StrCat("has the property ", property.name(), " ", property.value()));
  }
  if (vocab_size == 0 || tokens == 0) return wrong("lacks the property vocab_size or tokens");
  std::vector<std::string> paths;
  for (const v1::ArtifactFile& file : input.manifest.files()) {
    if (!absl::StartsWith(file.path(), "shard-")) continue;
    absl::StatusOr<std::string> path = context.InputPath(input, file.path());
    if (!path.ok()) return path.status();
    paths.push_back(*std::move(path));
  }
  if (paths.empty()) return wrong("holds no shards");
  absl::StatusOr<std::unique_ptr<PackedTokens>> opened = PackedTokens::Open(paths, vocab_size);
  if (!opened.ok()) return opened.status();
  if ((*opened)->size() != tokens) {
    return wrong(absl::StrCat("says ", tokens, " tokens; its shards hold ", (*opened)->size()));
  }
  return opened;
}

}  // namespace bonsai
