// The whole command line against a fake coordinator: what is printed, and with which code it exits.
#include "client/command_line.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "client/testing/fake_coordinator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Nobody listens at port 1 of the loopback interface.
constexpr char kNobody[] = "127.0.0.1:1";

v1::JobStatus Job(const std::string& name, v1::JobState state, const std::string& reason = "") {
  v1::JobStatus status;
  status.mutable_job()->set_id("p1/" + name);
  status.mutable_job()->set_pipeline_id("p1");
  status.mutable_job()->mutable_spec()->set_name(name);
  status.mutable_job()->set_state(state);
  status.mutable_job()->set_reason(reason);
  return status;
}

v1::WatchPipelineResponse Update(const std::vector<v1::JobStatus>& jobs, bool ended) {
  v1::WatchPipelineResponse response;
  for (const v1::JobStatus& job : jobs) *response.add_jobs() = job;
  response.set_ended(ended);
  return response;
}

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("BONSAI_DIR");
    unsetenv("BONSAI_COORDINATOR");
    folder_ =
        testing::TempDir() + "/command_line_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Runs the client against the fake.
  int Bonsai(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--coordinator", fake_.address()});
    return Alone(arguments);
  }

  // Runs it with these arguments alone.
  int Alone(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    Session session{out, err, screen_};
    session.interrupted = &interrupted_;
    const int code = RunCommandLine(arguments, session);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  FakeCoordinator fake_;
  Screen screen_;
  std::atomic<bool> interrupted_{false};
  std::string folder_, out_, err_;
};

TEST_F(CommandLineTest, SubmitsWithARequestIdAndPrintsThePipelineId) {
  const std::string file =
      Write("p.textproto", "name: \"x\" jobs { name: \"a\" data { sources { paths: \"${d}\" } } }");
  ASSERT_EQ(Bonsai({"submit", file, "--set", "d=/data"}), kExitOk) << err_;
  EXPECT_EQ(out_, "p1\n");
  ASSERT_EQ(fake_.submitted().size(), 1u);
  EXPECT_EQ(fake_.submitted()[0].request_id().size(), 32u);
  EXPECT_EQ(fake_.submitted()[0].pipeline().jobs(0).data().sources(0).paths(0), "/data");
  ASSERT_EQ(Bonsai({"submit", file, "--set", "d=/data", "--json"}), kExitOk);
  EXPECT_EQ(out_, "{\"pipelineId\":\"p1\",\"jobIds\":[\"p1/a\"],\"order\":[\"a\"]}\n");
  EXPECT_NE(fake_.submitted()[0].request_id(), fake_.submitted()[1].request_id());
}

TEST_F(CommandLineTest, RetriesALostAnswerWithTheSameRequestId) {
  fake_.submits_lost = 2;
  ASSERT_EQ(Bonsai({"submit", Write("p.textproto", "jobs { name: \"a\" }")}), kExitOk) << err_;
  ASSERT_EQ(fake_.submitted().size(), 3u);
  EXPECT_EQ(fake_.submitted()[0].request_id(), fake_.submitted()[2].request_id());
}

TEST_F(CommandLineTest, ValidatesWithDryRun) {
  const std::string file = Write("p.textproto", "jobs { name: \"a\" } jobs { name: \"b\" }");
  ASSERT_EQ(Bonsai({"submit", file, "--dry-run"}), kExitOk);
  EXPECT_EQ(out_, file + " is valid; its jobs could run in this order: a, b\n");
  EXPECT_TRUE(fake_.submitted()[0].dry_run());
  fake_.submit_status = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "jobs[0].name: \"A\" ...");
  EXPECT_EQ(Bonsai({"submit", file, "--dry-run"}), kExitRefused);
  EXPECT_EQ(err_, "bonsai: jobs[0].name: \"A\" ...\n");
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(CommandLineTest, RefusesBadFilesAndSettingsBeforeAnythingIsSent) {
  const std::string file = Write("p.textproto", "jobs { name: \"${a}\" oops: 1 }");
  EXPECT_EQ(Bonsai({"submit", file}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr(file + ":1:15: ${a} is not set"));
  EXPECT_EQ(Bonsai({"submit", file, "--set", "a=x"}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr(file + ":1:25: "));
  EXPECT_EQ(Bonsai({"submit", file, "--set", "a"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("wants name=VALUE"));
  EXPECT_EQ(Bonsai({"submit", file, "--set", "a=1", "--set", "a=2"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--set gives a twice"));
  EXPECT_EQ(Bonsai({"submit", folder_ + "/none"}), kExitRefused);
  EXPECT_THAT(fake_.submitted(), IsEmpty());
}

TEST_F(CommandLineTest, WatchesAfterSubmittingAndExitsByTheResult) {
  const std::string file = Write("p.textproto", "jobs { name: \"a\" }");
  fake_.watch = {Update({Job("a", v1::RUNNING)}, false), Update({Job("a", v1::DONE)}, true)};
  EXPECT_EQ(Bonsai({"submit", file, "--watch"}), kExitOk) << err_;
  EXPECT_THAT(out_, AllOf(StartsWith("p1\n"), HasSubstr(" p1/a running\n"), HasSubstr(" p1/a done"),
                          HasSubstr("p1: 1 job: 1 done")));
  fake_.watch = {Update({Job("a", v1::FAILED, "disk full")}, true)};
  EXPECT_EQ(Bonsai({"submit", file, "--watch"}), kExitJobFailed);
  EXPECT_THAT(out_, HasSubstr(" p1/a FAILED: disk full\n"));
  fake_.watch = {Update({Job("a", v1::DONE), Job("b", v1::CANCELLED)}, true)};
  EXPECT_EQ(Bonsai({"watch", "p1"}), kExitJobFailed);
}

TEST_F(CommandLineTest, WatchPrintsAJsonLinePerUpdate) {
  fake_.watch = {Update({Job("a", v1::RUNNING)}, false), Update({Job("a", v1::DONE)}, true)};
  EXPECT_EQ(Bonsai({"watch", "p1", "--json"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("\"RUNNING\""));
  EXPECT_THAT(out_, HasSubstr("\"ended\":true}\n"));
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 2);
}

TEST_F(CommandLineTest, WatchDrawsInPlaceOnATerminal) {
  screen_.terminal = true;
  screen_.columns = 60;
  fake_.watch = {Update({Job("a", v1::DONE), Job("b", v1::FAILED, "why")}, true)};
  EXPECT_EQ(Bonsai({"watch", "p1"}), kExitJobFailed);
  EXPECT_THAT(out_, AllOf(HasSubstr("a    done      ["), HasSubstr("b    FAILED    why\x1b[K\n")));
}

TEST_F(CommandLineTest, WatchFindsTheCoordinatorAgain) {
  fake_.watches_broken = 2;
  fake_.watch = {Update({Job("a", v1::RUNNING)}, false), Update({Job("a", v1::DONE)}, true)};
  EXPECT_EQ(Bonsai({"watch", "p1"}), kExitOk);
  EXPECT_THAT(err_, AllOf(HasSubstr("the coordinator is away"), HasSubstr("the coordinator is back")));
}

TEST_F(CommandLineTest, WatchChoosesTheNewestPipeline) {
  EXPECT_EQ(Bonsai({"watch"}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("no pipeline to watch"));
  fake_.jobs = {Job("a", v1::DONE)};
  fake_.watch = {Update({Job("a", v1::DONE)}, true)};
  EXPECT_EQ(Bonsai({"watch"}), kExitOk);
}

TEST_F(CommandLineTest, WatchLeavesThePipelineAloneWhenInterrupted) {
  fake_.watch = {Update({Job("a", v1::RUNNING)}, false)};
  interrupted_ = true;
  EXPECT_EQ(Bonsai({"watch", "p1"}), kExitInterrupted);
  EXPECT_THAT(err_, HasSubstr("p1 goes on"));
}

TEST_F(CommandLineTest, RefusesAnUnknownPipeline) {
  EXPECT_EQ(Bonsai({"watch", "p9"}), kExitRefused);
  EXPECT_EQ(err_, "bonsai: there is no pipeline \"p9\"\n");
}

TEST_F(CommandLineTest, ListsAllPagesOfJobs) {
  for (const char* name : {"a", "b", "c", "d", "e"}) fake_.jobs.push_back(Job(name, v1::WAITING));
  ASSERT_EQ(Bonsai({"jobs"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("p1/a"), HasSubstr("p1/e")));
  ASSERT_EQ(Bonsai({"jobs", "--json"}), kExitOk);
  EXPECT_THAT(out_, AllOf(StartsWith("{\"jobs\":["), HasSubstr("\"p1/e\""), Not(HasSubstr("nextPageToken"))));
}

TEST_F(CommandLineTest, FollowsALogOverABrokenConnection) {
  fake_.log = "one two three\n";
  fake_.jobs = {Job("a", v1::DONE)};
  EXPECT_EQ(Bonsai({"logs", "p1/a"}), kExitOk);
  EXPECT_EQ(out_, "one two three\n");
  fake_.logs_broken = 2;
  EXPECT_EQ(Bonsai({"logs", "p1/a", "-f"}), kExitOk) << err_;
  EXPECT_EQ(out_, "one two three\n") << "no byte is lost or printed twice";
  EXPECT_THAT(err_, HasSubstr("the coordinator is away"));
  EXPECT_EQ(Bonsai({"logs", "p1/none"}), kExitRefused);
}

TEST_F(CommandLineTest, Cancels) {
  fake_.jobs = {Job("a", v1::RUNNING), Job("b", v1::WAITING)};
  EXPECT_EQ(Bonsai({"cancel", "p1"}), kExitOk);
  EXPECT_EQ(out_, "cancelled p1/a, p1/b\n");
  EXPECT_EQ(Bonsai({"cancel", "p1/a", "--json"}), kExitOk);
  EXPECT_EQ(out_, "{\"jobIds\":[\"p1/a\"]}\n");
  EXPECT_EQ(Bonsai({"cancel", "p7"}), kExitRefused);
}

TEST_F(CommandLineTest, ListsAndShowsArtifacts) {
  const std::string id = fake_.AddArtifact("model", {{"config.json", "{}"}});
  EXPECT_EQ(Bonsai({"artifacts"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr(id.substr(0, 12) + "  model"));
  EXPECT_EQ(Bonsai({"artifacts", "--kind", "corpus"}), kExitOk);
  EXPECT_EQ(out_, "no artifacts yet\n");
  EXPECT_EQ(Bonsai({"artifacts", "show", id.substr(0, 8), "--lineage"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("artifact  " + id));
  EXPECT_EQ(Bonsai({"artifacts", "show", "p1/model", "--json"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("\"manifest\":{\"kind\":\"model\""));
}

TEST_F(CommandLineTest, ShowsWhatWasMadeFromAnArtifact) {
  const std::string corpus = fake_.AddArtifact("corpus", {{"documents", "text"}});
  v1::Lineage lineage;
  lineage.add_inputs()->set_artifact_id(corpus);
  const std::string tokens = fake_.AddArtifact("tokens", {{"shard", "ids"}}, lineage);
  EXPECT_EQ(Bonsai({"artifacts", "show", corpus, "--descendants"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("made from it\n"));
  EXPECT_THAT(out_, HasSubstr(tokens.substr(0, 12)));
  EXPECT_EQ(Bonsai({"artifacts", "show", tokens, "--descendants"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("nothing was made from it\n"));
}

TEST_F(CommandLineTest, CollectsGarbageAndVerifiesStorage) {
  fake_.collected.set_blobs(2);
  EXPECT_EQ(Bonsai({"storage", "gc", "--dry-run"}), kExitOk);
  EXPECT_THAT(out_, StartsWith("would remove 2 blobs"));
  EXPECT_EQ(Bonsai({"storage", "gc"}), kExitOk);
  EXPECT_THAT(out_, StartsWith("removed 2 blobs"));
  EXPECT_EQ(fake_.collections, (std::vector<bool>{true, false}));
  fake_.verified.emplace_back().set_ended(true);
  EXPECT_EQ(Bonsai({"storage", "verify"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("all are sound"));
  fake_.verified[0].add_problems()->set_problem("missing");
  EXPECT_EQ(Bonsai({"storage", "verify", "--quarantine"}), kExitRefused);
  EXPECT_THAT(out_, HasSubstr("): missing\n"));
  EXPECT_EQ(fake_.quarantines, (std::vector<bool>{false, true}));
  fake_.verified[0].set_ended(false);
  EXPECT_EQ(Bonsai({"storage", "verify"}), kExitUnreachable);
}

TEST_F(CommandLineTest, PullsVerifiedFiles) {
  fake_.AddArtifact("bundle", {{"bonsai-bundle", "a program of some bytes"}, {"notes/read.me", "hello"}});
  const std::string out = folder_ + "/new/out";
  ASSERT_EQ(Bonsai({"pull", "p1/bundle", "--out", out}), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr("2 files, 28 B, verified"));
  EXPECT_EQ(Read(out + "/bonsai-bundle"), "a program of some bytes");
  EXPECT_EQ(Read(out + "/notes/read.me"), "hello");
  EXPECT_NE(fs::status(out + "/bonsai-bundle").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(std::distance(fs::directory_iterator(out), {}), 2) << "no temporary folder stays";
}

TEST_F(CommandLineTest, PullReplacesFilesOnlyWhenForced) {
  fake_.AddArtifact("model", {{"config.json", "new"}});
  Write("config.json", "old");
  EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", folder_}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("config.json is already there"));
  EXPECT_EQ(Read(folder_ + "/config.json"), "old");
  EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", folder_, "--force"}), kExitOk) << err_;
  EXPECT_EQ(Read(folder_ + "/config.json"), "new");
}

TEST_F(CommandLineTest, PullRefusesDamagedBytesAndLeavesNothing) {
  const std::string id = fake_.AddArtifact("model", {{"a.bin", "first file"}, {"b.bin", "second file"}});
  const std::string out = folder_ + "/out";
  for (const std::string damaged : {"second fil3", "second", "second file and more"}) {
    fake_.blobs[TestSha256("second file")] = damaged;
    EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", out}), kExitRefused);
    EXPECT_THAT(err_, HasSubstr("b.bin: ")) << damaged;
    EXPECT_FALSE(fs::exists(out)) << damaged;
  }
  fake_.blobs.erase(TestSha256("second file"));
  EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", folder_}), kExitRefused);
  EXPECT_TRUE(fs::is_empty(folder_));
  fake_.blobs[id] += "x";
  EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", out}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("another SHA-256"));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(CommandLineTest, PullNeverLeavesItsFolder) {
  for (const std::string path : {"../evil", "/etc/evil", "a/../../evil", "a//b", "./a", "a/", "", "a\nb"}) {
    fake_.artifacts.clear();
    fake_.AddArtifact("model", {{path, "x"}});
    EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", folder_ + "/out"}), kExitRefused) << path;
    EXPECT_THAT(err_, HasSubstr("no safe relative path")) << path;
    EXPECT_TRUE(fs::is_empty(folder_)) << path;
  }
  fs::create_directories(folder_ + "/out");
  fs::create_symlink("/tmp", folder_ + "/out/link");
  fake_.artifacts.clear();
  fake_.AddArtifact("model", {{"link/evil", "x"}});
  EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", folder_ + "/out"}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("link is not a folder"));
}

TEST_F(CommandLineTest, PullCleansUpWhenInterrupted) {
  fake_.AddArtifact("model", {{"a.bin", "first file"}});
  interrupted_ = true;
  EXPECT_EQ(Bonsai({"pull", "p1/model", "--out", folder_ + "/out"}), kExitInterrupted);
  EXPECT_FALSE(fs::exists(folder_ + "/out"));
}

TEST_F(CommandLineTest, ASubmissionIsFetchedBeforeItIsJudged) {
  EXPECT_EQ(Bonsai({"submission", "check", "p1/none"}), kExitRefused);
  fake_.AddArtifact("model", {{"a.bin", "first file"}});
  EXPECT_EQ(Bonsai({"submission", "pack", "p1/model", "--out", folder_ + "/out"}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("is of kind model, and no submission"));
  EXPECT_FALSE(fs::exists(folder_ + "/out")) << "nothing is left";
  Write("file", "");
  EXPECT_EQ(Bonsai({"submission", "pack", "p1/row", "--out", folder_}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("is not empty"));
  // The sibling program is not beside this test.
  EXPECT_EQ(Alone({"submission", "check", folder_}), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("bonsai-submission"));
}

TEST_F(CommandLineTest, ShowsLeaderboardWorkersAndDevices) {
  fake_.rows.emplace_back().set_name("pocket");
  EXPECT_EQ(Bonsai({"leaderboard"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("pocket"));
  EXPECT_EQ(Bonsai({"leaderboard", "--json"}), kExitOk);
  EXPECT_EQ(out_, "{\"rows\":[{\"name\":\"pocket\"}]}\n");
  fake_.workers.emplace_back().set_worker_id("worker-1");
  fake_.workers[0].add_devices()->mutable_device()->set_id("local");
  EXPECT_EQ(Bonsai({"workers", "--json"}), kExitOk);
  EXPECT_THAT(out_, StartsWith("{\"workers\":[{\"workerId\":\"worker-1\""));
  EXPECT_EQ(Bonsai({"devices", "--json"}), kExitOk);
  EXPECT_EQ(out_, "{\"devices\":[{\"device\":{\"id\":\"local\"}}]}\n");
  EXPECT_EQ(Bonsai({"devices"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("local"));
}

TEST_F(CommandLineTest, FindsTheCoordinatorByTheClustersFolder) {
  Write("address", fake_.address() + "\n");
  EXPECT_EQ(Alone({"--dir", folder_, "jobs"}), kExitOk) << err_;
  EXPECT_EQ(Alone({"jobs", "--dir", folder_}), kExitOk) << "options may stand behind the verb";
  setenv("BONSAI_DIR", folder_.c_str(), 1);
  EXPECT_EQ(Alone({"jobs"}), kExitOk) << err_;
  unsetenv("BONSAI_DIR");
}

TEST_F(CommandLineTest, SaysWhenThereIsNoCoordinator) {
  EXPECT_EQ(Alone({"--dir", folder_, "jobs"}), kExitUnreachable);
  EXPECT_EQ(err_, "bonsai: no cluster runs in " + folder_ +
                      "; start one with `bonsai up`, or name one with --dir or --coordinator\n");
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
           {"jobs"}, {"watch", "p1"}, {"logs", "p1/a", "-f"}, {"leaderboard"}}) {
    std::vector<std::string> arguments = {"--coordinator", kNobody};
    arguments.insert(arguments.end(), verb.begin(), verb.end());
    EXPECT_EQ(Alone(arguments), kExitUnreachable);
    EXPECT_THAT(err_, AllOf(StartsWith("bonsai: no coordinator at 127.0.0.1:1 ("), HasSubstr("`bonsai up`")));
    EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1) << err_;
  }
}

TEST_F(CommandLineTest, RefusesWhatItDoesNotUnderstand) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"oops"},
                                             {"jobs", "--oops"},
                                             {"submit"},
                                             {"logs"},
                                             {"pull", "p1/a"},
                                             {"up", "--workers", "0"},
                                             {"completion", "tcsh"},
                                             {"logs", "p1/a", "--attempt", "x"}}) {
    EXPECT_EQ(Alone(arguments), kExitUsage);
    EXPECT_THAT(err_, AllOf(StartsWith("bonsai: "), HasSubstr("--help")));
  }
}

TEST_F(CommandLineTest, ExplainsItself) {
  EXPECT_EQ(Alone({"--help"}), kExitOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("Exit codes:"), HasSubstr("leaderboard"), HasSubstr("BONSAI_DIR")));
  for (const char* verb : {"up", "submit", "jobs", "watch", "logs", "cancel", "artifacts", "pull", "storage",
                           "leaderboard", "devices", "workers", "completion", "submission"}) {
    EXPECT_EQ(Alone({verb, "--help"}), kExitOk);
    EXPECT_THAT(out_, HasSubstr(verb));
  }
  EXPECT_EQ(Alone({"--version"}), kExitOk);
  EXPECT_THAT(out_, StartsWith("bonsai "));
}

TEST_F(CommandLineTest, CompletesInBash) {
  ASSERT_EQ(Alone({"completion", "bash"}), kExitOk);
  const std::string script = Write("bonsai.bash", out_);
  EXPECT_EQ(std::system(("bash -n " + script).c_str()), 0);
  const auto complete = [&](const std::string& words, int at) {
    const std::string out = folder_ + "/replies";
    const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(bonsai " + words +
                                "); COMP_CWORD=" + std::to_string(at) +
                                "; _bonsai; echo \"${COMPREPLY[@]}\"' > " + out;
    EXPECT_EQ(std::system(command.c_str()), 0);
    return Read(out);
  };
  EXPECT_EQ(complete("sub", 1), "submit submission\n");
  EXPECT_EQ(complete("submission c", 2), "check\n");
  EXPECT_EQ(complete("artifacts s", 2), "show\n");
  EXPECT_EQ(complete("artifacts show --li", 3), "--lineage\n");
  EXPECT_EQ(complete("--json logs --sa", 3), "--samples\n");
  EXPECT_EQ(complete("completion z", 2), "zsh\n");
  EXPECT_EQ(complete("jobs --coo", 2), "--coordinator\n");
}

TEST_F(CommandLineTest, CompletesInZshAndFish) {
  ASSERT_EQ(Alone({"completion", "zsh"}), kExitOk);
  EXPECT_THAT(out_, AllOf(StartsWith("#compdef bonsai\n"), HasSubstr("'artifacts show') choices=(\n"),
                          HasSubstr("      '--lineage:")));
  // Close enough to bash that bash finds unbalanced quotes and braces.
  EXPECT_EQ(std::system(("bash -n " + Write("_bonsai", out_)).c_str()), 0);
  if (std::system("command -v zsh >/dev/null") == 0) {
    EXPECT_EQ(std::system(("zsh -n " + folder_ + "/_bonsai").c_str()), 0);
  }
  ASSERT_EQ(Alone({"completion", "fish"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("complete -c bonsai -n '__fish_seen_subcommand_from submit' -l watch -d "));
  EXPECT_EQ(std::system(("bash -n " + Write("bonsai.fish", out_)).c_str()), 0);
}

}  // namespace
}  // namespace bonsai
