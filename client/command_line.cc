#include "client/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "client/cert_commands.h"
#include "client/cluster/local_cluster.h"
#include "client/completion.h"
#include "client/control_commands.h"
#include "client/install_tree.h"
#include "client/storage_commands.h"
#include "client/submission_commands.h"
#include "client/verb_table.h"
#include "client/verbs.h"

namespace bonsai {
namespace {

constexpr char kFooter[] = R"(
Exit codes:
  0    done
  1    the request was refused or failed; stderr says why
  2    the command line was not understood
  3    the pipeline that was watched has a job that failed or was cancelled
  4    no coordinator answered
  130  interrupted

Example, from nothing to a leaderboard row:
  bonsai up &
  bonsai submit share/examples/pocket.textproto --set data=DIR --watch
  bonsai leaderboard)";

constexpr char kSubmitFooter[] = R"(
${name} in FILE is replaced by what --set name=VALUE gives, ${name:-default} has a default.
Relative paths of data sources are taken from the current folder.

Examples:
  bonsai submit pocket.textproto --set data=/data --watch
  bonsai submit pocket.textproto --set data=/data --dry-run
  pipeline=$(bonsai submit pocket.textproto --set data=/data))";

constexpr char kUpFooter[] = R"(
Runs until Ctrl-C, and then leaves no process behind; what was acknowledged is in DIR and goes on with the next
`bonsai up`. A part that crashes is started again, and a line says so. Other verbs find the cluster by its folder:
--dir, $BONSAI_DIR, or .bonsai in the current folder.

Examples:
  bonsai up
  bonsai --dir /tmp/trial up --workers 2)";

constexpr char kLogsFooter[] = R"(
Examples:
  bonsai logs p1/pretrain -f
  bonsai logs p1/pretrain --attempt 1 --samples     metrics as JSON lines)";

constexpr char kPullFooter[] = R"(
ID is an artifact's id, at least its first 8 digits, or a job's id for that job's output. Every file is compared with
its SHA-256; on an error nothing is left in DIR.

Examples:
  bonsai pull p1/export --out model
  bonsai pull 3f2a9c0d --out bundle --force)";

constexpr char kExportFooter[] = R"(
The archive is plain tar: an index, the manifests and files of the artifacts and of all that they were made from. Every
byte is compared with its SHA-256; on an error no file is left.

Examples:
  bonsai export p1/pretrain --out model.tar
  bonsai export p1/submit 3f2a9c0d --out row.tar)";

constexpr char kImportFooter[] = R"(
The artifacts keep their ids. All of FILE is checked before anything is sent. What the coordinator has already is not
sent again; an import that broke off can be repeated.

Example:
  bonsai --coordinator other:7000 import model.tar)";

constexpr char kCompletionFooter[] = R"(
Examples:
  source <(bonsai completion bash)
  bonsai completion zsh > "${fpath[1]}/_bonsai"
  bonsai completion fish > ~/.config/fish/completions/bonsai.fish)";

// Everything the options are parsed into.
struct Parsed {
  SubmitOptions submit;
  std::vector<std::string> sets;
  LogsOptions logs;
  PullOptions pull;
  ExportOptions exporting;
  LocalClusterOptions up;
  LeaderboardOptions leaderboard;
  std::string pipeline, id, kind, shell, import_file;
  ShowOptions show;
};

// Builds the verbs.
class Verbs {
 public:
  Verbs(VerbTable& table, Parsed& parsed) : app_(table.app()), table_(table), parsed_(parsed) {
    AddCluster();
    AddPipelines();
    AddArtifacts();
    cert_ = std::make_unique<CertCommands>(
        app_, [this](CLI::App& parent, const std::string& name, const std::string& what,
                     VerbTable::Action action) { return Add(parent, name, what, std::move(action)); });
  }

  void AddCompletion() {
    CLI::App* completion = Add(app_, "completion", "Print a completion script", [this](Session& session) {
      session.out << CompletionScript(app_, parsed_.shell);
      return absl::StatusOr<int>(kExitOk);
    });
    completion->add_option("SHELL", parsed_.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh", "fish"}));
    completion->footer(kCompletionFooter);
  }

 private:
  CLI::App* Add(CLI::App& parent, const std::string& name, const std::string& what,
                VerbTable::Action action) {
    return table_.Add(parent, name, what, std::move(action));
  }

  void AddCluster() {
    CLI::App* up = Add(app_, "up", "Start a local cluster: a coordinator, workers, emulated devices",
                       [this](Session& session) { return RunLocalCluster(parsed_.up, session); });
    up->add_option("--workers", parsed_.up.workers, "How many workers share this machine")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    up->add_flag("--secure", parsed_.up.secure,
                 "With certificates and tokens, made in DIR/credentials where they are not there yet");
    up->footer(kUpFooter);
    Add(app_, "workers", "List workers: what each has, what is free, what runs", RunWorkers);
    Add(app_, "devices", "List devices: which target each is of, and which job uses it", RunDevices);
  }

  void AddPipelines() {
    CLI::App* submit = Add(app_, "submit", "Submit a pipeline file; prints the pipeline's id",
                           [this](Session& session) { return RunSubmit(parsed_.submit, session); });
    submit->add_option("FILE", parsed_.submit.file, "A pipeline in text format; - is standard input")
        ->required();
    submit->add_option("--set", parsed_.sets, "name=VALUE for ${name} in FILE; may be repeated")
        ->expected(1)
        ->take_all()
        ->check(CheckSetting);
    submit->add_flag("--watch", parsed_.submit.watch, "Then follow it until it has ended");
    submit->add_flag("--dry-run", parsed_.submit.dry_run,
                     "Only validate it, and say whether, where and when each job would run");
    submit->footer(kSubmitFooter);

    Add(app_, "jobs", "List jobs", [this](Session& session) {
      return RunJobs(parsed_.pipeline, session);
    })->add_option("PIPELINE", parsed_.pipeline, "Only this pipeline's");
    Add(app_, "watch", "Follow a pipeline: a bar per job, loss, speed, time left", [this](Session& session) {
      return RunWatch(parsed_.pipeline, session);
    })->add_option("PIPELINE", parsed_.pipeline, "Default: the newest");

    CLI::App* logs = Add(app_, "logs", "Print a job's log",
                         [this](Session& session) { return RunLogs(parsed_.logs, session); });
    logs->add_option("JOB", parsed_.logs.job, "A job's id, as p1/pretrain")->required();
    logs->add_flag("-f,--follow", parsed_.logs.follow, "Go on until the job has ended");
    logs->add_option("--attempt", parsed_.logs.attempt, "Which attempt (default: the newest)");
    logs->add_option("--rank", parsed_.logs.rank, "Which rank")->capture_default_str();
    logs->add_flag("--samples", parsed_.logs.samples, "The metrics instead, as JSON lines");
    logs->footer(kLogsFooter);

    Add(app_, "cancel", "Cancel a job, or all of a pipeline's",
        [this](Session& session) { return RunCancel(parsed_.id, session); })
        ->add_option("ID", parsed_.id, "p1 or p1/pretrain")
        ->required();
  }

  void AddArtifacts() {
    CLI::App* artifacts = Add(app_, "artifacts", "List artifacts, newest first; `show` one",
                              [this](Session& session) { return RunArtifacts(parsed_.kind, session); });
    artifacts->add_option("--kind", parsed_.kind, "Only this kind: corpus, model, bundle, submission, ...");
    CLI::App* show = Add(*artifacts, "show", "One artifact: properties, files, and what it came from",
                         [this](Session& session) { return RunArtifactsShow(parsed_.show, session); });
    show->add_option(
            "ID", parsed_.show.id,
            "An artifact's id (8 digits or more), or a job's; or a source file's SHA-256, with --descendants")
        ->required();
    show->add_flag("--lineage", parsed_.show.lineage,
                   "All that it came from, down to the files from outside");
    show->add_flag("--descendants", parsed_.show.descendants, "All that was made from it");

    CLI::App* pull = Add(app_, "pull", "Copy an artifact's files to a folder, verified",
                         [this](Session& session) { return RunPull(parsed_.pull, session); });
    pull->add_option("ID", parsed_.pull.id, "An artifact's id or a job's")->required();
    pull->add_option("--out", parsed_.pull.out_dir, "The folder")->required();
    pull->add_flag("--force", parsed_.pull.force, "Replace files that are there");
    pull->footer(kPullFooter);

    CLI::App* exporting =
        Add(app_, "export", "Write artifacts, with all that they were made from, to a tar archive",
            [this](Session& session) { return RunExport(parsed_.exporting, session); });
    exporting->add_option("ID", parsed_.exporting.ids, "Artifacts' ids or jobs'")->required();
    exporting->add_option("--out", parsed_.exporting.out, "The file to make")->required();
    exporting->footer(kExportFooter);
    CLI::App* importing = Add(app_, "import", "Take in the artifacts of an archive that `export` wrote",
                              [this](Session& session) { return RunImport(parsed_.import_file, session); });
    importing->add_option("FILE", parsed_.import_file, "The archive")->required();
    importing->footer(kImportFooter);

    CLI::App* leaderboard =
        Add(app_, "leaderboard", "Show the ranking of submissions, every figure beside its floor",
            [this](Session& session) { return RunLeaderboard(parsed_.leaderboard, session); });
    leaderboard->add_option("--track", parsed_.leaderboard.track, "Only this track");
    leaderboard->add_flag("--history", parsed_.leaderboard.history,
                          "Also the submissions that later ones of the same name replaced");
  }

  CLI::App& app_;
  VerbTable& table_;
  Parsed& parsed_;
  std::unique_ptr<CertCommands> cert_;
};

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, Session& session) {
  Parsed parsed;
  CLI::App app("Bonsai grows small language models from scratch and ships them to small devices.", "bonsai");
  session.dir = ".bonsai";
  app.add_option("--dir", session.dir, "The local cluster's folder")
      ->envname("BONSAI_DIR")
      ->capture_default_str();
  app.add_option("--coordinator", session.coordinator,
                 "The coordinator's address, HOST:PORT, instead of --dir")
      ->envname("BONSAI_COORDINATOR");
  AddCredentialOptions(app, session);
  app.add_flag("--json", session.json, "Print protobuf's JSON, one document (streams: one per line)");
  app.set_version_flag("--version", [] { return "bonsai " + InstallTree::OfThisProgram().Version(); });
  app.footer(kFooter);
  app.require_subcommand(1);
  VerbTable table(app);
  Verbs verbs(table, parsed);
  ControlCommands control(table);
  StorageCommands storage(table);
  SubmissionCommands submission(table);
  verbs.AddCompletion();
  // CLI11 takes the arguments from the back, and reports by exceptions; they end here.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::Success& shown) {
    app.exit(shown, session.out, session.err);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    session.err << "bonsai: " << error.what() << "\nSee `bonsai --help`, or `bonsai VERB --help`.\n";
    return kExitUsage;
  }
  if (!TakeSettings(parsed.sets, parsed.submit.settings, session)) return kExitUsage;
  const VerbTable::Action* action = table.Chosen();
  const absl::StatusOr<int> code =
      action == nullptr ? absl::InternalError("a verb without an action") : (*action)(session);
  return code.ok() ? *code : ReportStatus(code.status(), session);
}

}  // namespace bonsai
