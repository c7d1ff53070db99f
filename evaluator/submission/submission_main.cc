// The program bonsai-submission: checks a submission in a folder, or derives what a competition wants from
// it. Started by the verbs `submission check` and `submission pack`, which fetch the folder.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "evaluator/submission/folder_verdict.h"
#include "evaluator/submission/submission_folder.h"
#include "evaluator/submission/submission_pack.h"
#include "evaluator/tracks/track_file.h"
#include "evaluator/tracks/track_rules.h"
#include "google/protobuf/util/json_util.h"

namespace bonsai {
namespace {

struct Options {
  std::string what;  // "check", "pack"
  std::string folder;
  std::string tracks;  // the folder of track files
  std::string track;   // empty: the row's own
  bool json = false;
};

absl::StatusOr<v1::Track> ChooseTrack(const Options& options, const SubmissionFolder& folder) {
  const absl::StatusOr<std::vector<v1::Track>> tracks = LoadTracks(options.tracks);
  if (!tracks.ok()) return tracks.status();
  const std::string& name = options.track.empty() ? folder.row().track() : options.track;
  if (const v1::Track* track = FindTrack(*tracks, name)) return *track;
  std::string known;
  for (const v1::Track& track : *tracks) absl::StrAppend(&known, " ", track.name());
  return absl::NotFoundError(absl::StrCat("there is no track \"", name, "\"; there are:", known));
}

absl::StatusOr<int> Run(const Options& options) {
  const absl::StatusOr<SubmissionFolder> folder = SubmissionFolder::Open(options.folder);
  if (!folder.ok()) return folder.status();
  const absl::StatusOr<v1::Track> track = ChooseTrack(options, *folder);
  if (!track.ok()) return track.status();
  if (options.what == "pack") {
    const absl::StatusOr<std::vector<std::string>> said = PackSubmission(*folder, *track);
    if (!said.ok()) return said.status();
    if (!options.json) {
      for (const std::string& line : *said) std::cout << line << "\n";
    }
  }
  const v1::SubmissionVerdict verdict = JudgeFolder(*folder, *track);
  if (!options.json) {
    std::cout << VerdictText(verdict);
    return verdict.passed() ? 0 : 1;
  }
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(verdict, &json).ok())
    return absl::InternalError("a text is not UTF-8");
  std::cout << json << "\n";
  return verdict.passed() ? 0 : 1;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) {
  bonsai::Options options;
  CLI::App app("Checks or packs a submission in a folder; `bonsai submission` calls it.",
               "bonsai-submission");
  app.add_option("WHAT", options.what)
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"check", "pack"}));
  app.add_option("--folder", options.folder)->required();
  app.add_option("--tracks", options.tracks)->required();
  app.add_option("--track", options.track);
  app.add_flag("--json", options.json);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::StatusOr<int> code = bonsai::Run(options);
  if (code.ok()) return std::cout.flush() ? *code : 1;
  std::cerr << "bonsai: " << code.status().message() << "\n";
  return 1;
}
