#include "client/submission_verbs.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/call_and_print.h"
#include "client/install_tree.h"
#include "client/sibling_program.h"
#include "client/submission_fetch.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<int> Judge(const std::string& what, const std::string& folder, const std::string& track,
                          Session& session) {
  std::vector<std::string> arguments = {
      what, absl::StrCat("--folder=", folder),
      absl::StrCat("--tracks=", InstallTree::OfThisProgram().share_dir, "/tracks")};
  if (!track.empty()) arguments.push_back(absl::StrCat("--track=", track));
  if (session.json) arguments.push_back("--json");
  return RunSibling("bonsai-submission", arguments, session);
}

absl::Status Fetch(const SubmissionFetch& fetch, const Session& session) {
  const auto client = Dial(session);
  if (!client.ok()) return client.status();
  return FetchSubmission(fetch, **client, session);
}

}  // namespace

absl::StatusOr<int> RunSubmissionCheck(const SubmissionCheckOptions& options, Session& session) {
  std::error_code error;
  if (fs::is_directory(options.what, error)) return Judge("check", options.what, options.track, session);
  std::string folder = (fs::temp_directory_path() / "bonsai-submission-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr)
    return absl::InternalError(absl::StrCat("cannot make a temporary folder: ", std::strerror(errno)));
  absl::StatusOr<int> code = kExitOk;
  if (absl::Status fetched = Fetch({options.what, folder, false}, session); fetched.ok()) {
    code = Judge("check", folder, options.track, session);
  } else {
    code = fetched;
  }
  fs::remove_all(folder, error);
  return code;
}

absl::StatusOr<int> RunSubmissionPack(const SubmissionPackOptions& options, Session& session) {
  std::error_code error;
  const bool made = fs::create_directories(options.out_dir, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot make the folder ", options.out_dir, ": ", error.message()));
  }
  if (!fs::is_empty(options.out_dir, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat("the folder ", options.out_dir, " is not empty; give one that is, or a new one"));
  }
  if (absl::Status fetched = Fetch({options.id, options.out_dir, true}, session); !fetched.ok()) {
    // It was empty before.
    for (const fs::directory_entry& entry : fs::directory_iterator(options.out_dir, error))
      fs::remove_all(entry.path(), error);
    if (made) fs::remove(options.out_dir, error);
    return fetched;
  }
  return Judge("pack", options.out_dir, "", session);
}

}  // namespace bonsai
