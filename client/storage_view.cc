#include "client/storage_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/figures.h"
#include "client/text_layout.h"

namespace bonsai {
namespace {

std::string Blobs(uint64_t count, uint64_t bytes) {
  return absl::StrCat(FormatCount(count), count == 1 ? " blob, " : " blobs, ", FormatBytes(bytes));
}

}  // namespace

std::string RenderCollection(const v1::CollectGarbageResponse& response, bool dry_run) {
  std::string text =
      absl::StrCat(dry_run ? "would remove " : "removed ", Blobs(response.blobs(), response.bytes()),
                   "; kept ", Blobs(response.blobs_kept(), response.bytes_kept()), "\n");
  if (response.blobs_young() > 0) {
    absl::StrAppend(&text, "of those kept, nothing names ", FormatCount(response.blobs_young()),
                    " yet; they are too young to go\n");
  }
  return text;
}

std::string RenderStorageProblem(const v1::StorageProblem& problem) {
  std::string text =
      absl::StrCat("blob ", problem.blob().sha256(), " (", FormatBytes(problem.blob().size_bytes()),
                   "): ", Printable(problem.problem()), "\n");
  if (!problem.artifact_ids().empty()) {
    absl::StrAppend(&text, "  of artifact ", absl::StrJoin(problem.artifact_ids(), ", "), "\n");
  }
  if (!problem.checkpoint_ids().empty()) {
    absl::StrAppend(&text, "  of checkpoint ", absl::StrJoin(problem.checkpoint_ids(), ", "), "\n");
  }
  return text;
}

std::string RenderVerification(const v1::VerifyStorageResponse& last, size_t problems) {
  return absl::StrCat(Blobs(last.blobs(), last.bytes()), ", verified: ",
                      problems == 0
                          ? "all are sound"
                          : absl::StrCat(problems, problems == 1 ? " is" : " are", " damaged or missing"),
                      "\n");
}

}  // namespace bonsai
