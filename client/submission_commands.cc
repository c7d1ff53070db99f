#include "client/submission_commands.h"

namespace bonsai {
namespace {

constexpr char kCheckFooter[] = R"(
Every rule of the folder (files, checksums, reports) and of the track (data sets, dates, sizes, dtypes, memory, metrics,
degenerate answers, budget): pass or fail, and why. A folder that `submission pack` wrote is checked without a coordinator.
Exit codes: 0 every rule passes; 1 one does not, or the submission cannot be read.

Examples:
  bonsai submission check p1/row
  bonsai submission check packed --track compression
  bonsai --json submission check packed)";

constexpr char kPackFooter[] = R"(
Fetches the row, the model as Hugging Face's programs load it, the reports, the bundles and the manifests of the whole
lineage, and writes Results.csv with the track's columns (what was not measured is an empty cell, and said), the
LLM-Merging kit's predictions, pipeline.textproto that makes it all again, and SHA256SUMS. Then checks it, as `check` does.

Examples:
  bonsai submission pack p1/row --out packed
  (cd packed && sha256sum -c --quiet SHA256SUMS))";

}  // namespace

SubmissionCommands::SubmissionCommands(VerbTable& verbs) {
  CLI::App* submission =
      verbs.app().add_subcommand("submission", "Submissions to a track: check one, pack one");
  submission->fallthrough();
  submission->require_subcommand(1);
  CLI::App* check = verbs.Add(*submission, "check", "Say of every rule whether it holds, and why",
                              [this](Session& session) { return RunSubmissionCheck(check_, session); });
  check->add_option("WHAT", check_.what, "A folder that `pack` wrote, or an artifact's id or a job's")
      ->required();
  check->add_option("--track", check_.track, "By another track's rules");
  check->footer(kCheckFooter);
  CLI::App* pack = verbs.Add(*submission, "pack", "Write what the competition wants to a folder",
                             [this](Session& session) { return RunSubmissionPack(pack_, session); });
  pack->add_option("ID", pack_.id, "An artifact's id or a job's")->required();
  pack->add_option("--out", pack_.out_dir, "The folder: a new or an empty one")->required();
  pack->footer(kPackFooter);
}

}  // namespace bonsai
