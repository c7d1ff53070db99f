// Submissions from a pipeline to the pages, and rule 11: a track is enforced by the software.
#include <civetweb.h>
#include <google/protobuf/text_format.h>

#include <atomic>
#include <functional>

#include "coordinator/coordinator_fixture.h"
#include "coordinator/scheduler/job_kinds.h"
#include "gmock/gmock.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPipeline[] = R"(
  name: "pocket"
  jobs { name: "corpus" data { sources { dataset: "c4" format: C4_JSON_GZ paths: "/nowhere" } } }
  jobs { name: "tokenizer" tokenizer { corpus: "@corpus" vocab_size: 512 } }
  jobs { name: "tokens" pack { corpus: "@corpus" tokenizer: "@tokenizer" } }
  jobs {
    name: "pretrain"
    pretrain {
      tokens: "@tokens" tokenizer: "@tokenizer"
      model { dim: 64 layers: 1 heads: 1 hidden_dim: 64 max_seq_len: 64 }
      optimizer { learning_rate: 0.001 } schedule { shape: COSINE } steps: 2 batch_sequences: 1
    }
  }
  jobs { name: "evaluation" evaluate { model: "@pretrain" bits_per_byte { corpus: "@corpus" } } }
  jobs {
    name: "entry"
    max_attempts: 1
    submission { name: "<b>pico</b>" track: "pocket" model: "@pretrain" evaluations: "@evaluation" }
  }
)";

class SubmissionEntryTest : public CoordinatorFixture {
 protected:
  void SetUp() override {
    CoordinatorFixture::SetUp();
    Start();
  }

  // What a runner of the task's kind would leave behind, by the test's choices.
  std::string PlayRunner(const v1::Task& task) {
    v1::Manifest manifest;
    manifest.mutable_lineage()->set_job_id(task.job_id());
    manifest.mutable_lineage()->set_job_kind(JobKind(task.spec()));
    for (const v1::ResolvedInput& input : task.inputs()) {
      v1::LineageInput* from = manifest.mutable_lineage()->add_inputs();
      from->set_field(input.field());
      from->set_artifact_id(input.artifact_id());
    }
    const std::string kind = JobKind(task.spec());
    if (kind == "data") {
      v1::DatasetSource* source = manifest.mutable_lineage()->add_sources();
      source->set_dataset(dataset_);
      source->set_file("c4-train.00007.json.gz");
    }
    if (kind == "pretrain") {
      AddProperty(manifest, "dtype", dtype_);
      AddProperty(manifest, "parameters", "100");
    }
    std::string path = "file";
    std::string bytes = task.job_id();
    if (kind == "evaluate") {
      v1::ItemResult item;
      item.set_id("q1");
      item.set_response("<u>an answer</u>");
      path = "items/bits_per_byte.binpb";
      bytes = item.SerializeAsString();
      bytes.insert(0, 1, static_cast<char>(bytes.size()));
    }
    if (kind == "submission") {
      path = "row.binpb";
      bytes = Row(task).SerializeAsString();
    }
    return PutArtifact(std::string(OutputKind(kind)), task.job_id(), path, bytes, std::move(manifest));
  }

  static void AddProperty(v1::Manifest& manifest, const std::string& name, const std::string& value) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(value);
  }

  v1::LeaderboardRow Row(const v1::Task& task) const {
    v1::LeaderboardRow row;
    row.set_name(task.spec().submission().name());
    row.set_track(task.spec().submission().track());
    for (const v1::ResolvedInput& input : task.inputs()) {
      if (input.field() == "submission.model") row.set_model_id(input.artifact_id());
    }
    row.set_parameters(100);
    v1::SuiteResult* suite = row.add_suites();
    suite->set_suite("bits_per_byte");
    v1::MetricResult* metric = suite->add_metrics();
    metric->set_name("bits_per_byte");
    metric->set_value(bits_per_byte_);
    metric->set_lower_is_better(true);
    if (change_row_) change_row_(row);
    return row;
  }

  // Starts again with these rules added to the track's, and a clock that the test moves.
  void PutTrack(const std::string& rules) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + "/share/tracks/pocket.textproto",
                                    "name: 'pocket' title: 'Pocket' allowed_datasets: 'c4' "
                                    "ranking_metric: 'bits_per_byte/bits_per_byte' "
                                    "ranking_lower_is_better: true " +
                                        rules + "\n")
                    .ok());
    clock_ = [this] { return absl::FromUnixSeconds(1'800'000'000) + absl::Milliseconds(moved_ms_.load()); };
    Restart();
  }

  // Submits the pipeline and plays a worker until it has ended. How its submission ended.
  v1::JobRecord RunPipeline(const std::string& request_id) {
    v1::Pipeline pipeline;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kPipeline, &pipeline));
    for (v1::JobSpec& job : *pipeline.mutable_jobs()) {
      if (job.has_submission()) job.mutable_submission()->set_name(name_);
    }
    v1::SubmitPipelineResponse submitted;
    const grpc::Status status = Submit(request_id, pipeline, &submitted);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::map<std::string, v1::RankReport> reports;  // by job and attempt
    v1::JobRecord entry;
    for (int round = 0; round < 100; ++round) {
      std::vector<v1::RankReport> said;
      for (const auto& [key, report] : reports) said.push_back(report);
      const v1::SynchronizeResponse response = Synchronize(said);
      std::map<std::string, v1::RankReport> next;
      for (const v1::Task& task : response.desired()) {
        const std::string key = absl::StrCat(task.job_id(), " ", task.attempt());
        auto known = reports.find(key);
        if (known == reports.end() && JobKind(task.spec()) == late_kind_) moved_ms_ += 2000;
        next[key] =
            known != reports.end() ? known->second : Exited(task, v1::RankReport::DONE, PlayRunner(task));
      }
      reports = std::move(next);
      entry = GetJob(submitted.pipeline_id() + "/entry").job();
      if (entry.state() == v1::DONE || entry.state() == v1::FAILED) break;
    }
    return entry;
  }

  v1::GetLeaderboardResponse Leaderboard() {
    CallContext context;
    v1::GetLeaderboardResponse response;
    EXPECT_TRUE(client_->GetLeaderboard(&context, {}, &response).ok());
    return response;
  }

  std::string Page(const std::string& path) {
    const std::string address = coordinator_->metrics_address();
    const size_t colon = address.rfind(':');
    char error[200] = "";
    mg_connection* connection =
        mg_download(address.substr(0, colon).c_str(), std::stoi(address.substr(colon + 1)), 0, error,
                    sizeof error, "GET %s HTTP/1.0\r\n\r\n", path.c_str());
    if (connection == nullptr) return error;
    std::string body;
    char buffer[4096];
    for (int n; (n = mg_read(connection, buffer, sizeof buffer)) > 0;) body.append(buffer, n);
    mg_close_connection(connection);
    return body;
  }

  std::string dataset_ = "c4";
  std::string dtype_ = "F32";
  double bits_per_byte_ = 2.5;
  std::string late_kind_;  // jobs of it take two seconds of the test's clock
  std::atomic<int64_t> moved_ms_ = 0;
  std::string name_ = "<b>pico</b>";
  std::function<void(v1::LeaderboardRow&)> change_row_;
};

TEST_F(SubmissionEntryTest, RanksWhatItsTrackAdmits) {
  EXPECT_EQ(RunPipeline("r1").state(), v1::DONE);
  bits_per_byte_ = 2.2;
  name_ = "femto";
  EXPECT_EQ(RunPipeline("r2").state(), v1::DONE);
  const v1::GetLeaderboardResponse board = Leaderboard();
  ASSERT_EQ(board.rows_size(), 2);
  EXPECT_EQ(board.rows(0).rank(), 1u);
  EXPECT_EQ(board.rows(0).suites(0).metrics(0).value(), 2.2);
  EXPECT_EQ(board.rows(0).submission_id(), GetJob("p2/entry").job().output_id());
  EXPECT_GT(board.rows(0).created_unix_ms(), 0);
  EXPECT_EQ(board.rows(1).rank(), 2u);
  EXPECT_THAT(Page("/"), HasSubstr("&lt;b&gt;pico&lt;/b&gt;"));
  EXPECT_THAT(Page("/api/v1/leaderboard"), HasSubstr("\"rank\":1"));

  CallContext context;
  v1::GetArtifactRequest request;
  request.set_id("p2/entry");
  request.set_lineage(true);
  v1::GetArtifactResponse artifact;
  ASSERT_TRUE(client_->GetArtifact(&context, request, &artifact).ok());
  EXPECT_EQ(artifact.lineage_size(), 5);  // back to the corpus, each once
}

TEST_F(SubmissionEntryTest, ASubmissionsPageLeadsDownToItsShards) {
  ASSERT_EQ(RunPipeline("r1").state(), v1::DONE);
  const std::string id = GetJob("p1/entry").job().output_id();
  const std::string page = Page("/submissions/" + id);
  EXPECT_THAT(page, HasSubstr("<h1>&lt;b&gt;pico&lt;/b&gt;</h1>"));
  EXPECT_THAT(page, HasSubstr("c4-train.00007.json.gz"));
  EXPECT_THAT(page, HasSubstr("&lt;u&gt;an answer&lt;/u&gt;"));
  EXPECT_THAT(Page("/submissions/" + id.substr(0, 10)), HasSubstr("c4-train.00007.json.gz"));
  EXPECT_THAT(Page("/api/v1/submissions/" + id), HasSubstr("\"submission_id\":\"" + id));
  EXPECT_THAT(Page("/api/v1/submissions/" + id + "/scores.csv"),
              HasSubstr("bits_per_byte,,bits_per_byte,2.5,"));
  EXPECT_THAT(Page("/api/v1/submissions/" + id + "/sources.csv"), HasSubstr("c4-train.00007.json.gz,c4,"));
  EXPECT_THAT(Page("/api/v1/submissions/" + id + "/items.json?suite=bits_per_byte"),
              HasSubstr("\"id\": \"q1\""));
  EXPECT_THAT(Page("/api/v1/submissions/" + id + "/items.json?suite=other"),
              HasSubstr("there are: bits_per_byte"));
  EXPECT_THAT(Page("/submissions/" + GetJob("p1/corpus").job().output_id()),
              HasSubstr("is a corpus, not a submission"));
  EXPECT_THAT(Page("/submissions/0123456789"), HasSubstr("0123456789"));
  EXPECT_THAT(Page("/submissions/..%2f..%2fetc%2fpasswd"), Not(HasSubstr("root:")));
}

TEST_F(SubmissionEntryTest, WhatASecretSuiteAnsweredIsNotShown) {
  change_row_ = [](v1::LeaderboardRow& row) { row.mutable_suites(0)->set_holdout(true); };
  ASSERT_EQ(RunPipeline("r1").state(), v1::DONE);
  const std::string id = GetJob("p1/entry").job().output_id();
  EXPECT_THAT(Page("/submissions/" + id), Not(HasSubstr("an answer")));
  EXPECT_THAT(Page("/api/v1/submissions/" + id + "/items.json?suite=bits_per_byte"),
              Not(HasSubstr("an answer")));
}

TEST_F(SubmissionEntryTest, HistoryKeepsEverySubmissionOfAName) {
  ASSERT_EQ(RunPipeline("r1").state(), v1::DONE);
  bits_per_byte_ = 2.2;
  ASSERT_EQ(RunPipeline("r2").state(), v1::DONE);
  const std::string csv = Page("/api/v1/history.csv?track=pocket");
  EXPECT_THAT(csv, HasSubstr(",2.2,"));
  EXPECT_THAT(csv, HasSubstr(",2.5,"));
  EXPECT_THAT(Page("/history?track=pocket"), HasSubstr("data-plot=\"history\""));
  const std::string board = Page("/api/v1/leaderboard.csv?track=pocket");
  EXPECT_THAT(board, HasSubstr(",2.2,"));
  EXPECT_THAT(board, Not(HasSubstr(",2.5,")));
  EXPECT_THAT(Page("/api/v1/leaderboard.csv"), HasSubstr("say which"));
  EXPECT_THAT(Page("/?track=pockt"), HasSubstr("there are: pocket"));
}

TEST_F(SubmissionEntryTest, PagesOfJobsDevicesAndTheApi) {
  RunPipeline("r1");
  EXPECT_THAT(Page("/jobs"), HasSubstr("/jobs/p1/corpus"));
  EXPECT_THAT(Page("/jobs/p1/corpus"), HasSubstr("c4"));
  EXPECT_THAT(Page("/jobs/p1/nothing"), HasSubstr("there is no job"));
  EXPECT_THAT(Page("/api/v1/jobs/p1/corpus/attempts.csv"), HasSubstr("1,succeeded,"));
  EXPECT_THAT(Page("/api/v1/jobs/p1/corpus/samples.json"), HasSubstr("[\n]"));
  EXPECT_THAT(Page("/api/v1/jobs/ended.json"), HasSubstr("\"job\": \"p1/corpus\""));
  EXPECT_THAT(Page("/devices"), HasSubstr("w1"));
  EXPECT_THAT(Page("/api/v1/workers.csv"), HasSubstr("w1,live,4,"));
  EXPECT_THAT(Page("/api"), HasSubstr("/api/v1/history.csv"));
  EXPECT_THAT(Page("/static/app.js"), HasSubstr("no such page"));
  EXPECT_THAT(Page("/api/v1/jobs?page_size=x"), HasSubstr("page_size"));
}

TEST_F(SubmissionEntryTest, RefusesAModelWhoseLineageHoldsAForbiddenDataset) {
  dataset_ = "commonsenseqa";  // what the data runner found, whatever the specification said
  const v1::JobRecord entry = RunPipeline("r1");
  EXPECT_EQ(entry.state(), v1::FAILED);
  EXPECT_EQ(entry.output_id(), "");
  EXPECT_THAT(entry.reason(), HasSubstr("the model's lineage holds commonsenseqa; allowed: c4"));
  EXPECT_EQ(Leaderboard().rows_size(), 0);
}

TEST_F(SubmissionEntryTest, RefusesAConstantAnswerWhateverTheRunnerSaid) {
  PutTrack("refuse_degenerate: true");
  change_row_ = [](v1::LeaderboardRow& row) {
    row.mutable_suites(0)->set_degenerate("answers C to every question");
  };
  const v1::JobRecord entry = RunPipeline("r1");
  EXPECT_EQ(entry.state(), v1::FAILED);
  EXPECT_THAT(entry.reason(),
              HasSubstr("the answers are no model's: bits_per_byte: answers C to every question"));
  EXPECT_EQ(Leaderboard().rows_size(), 0);
}

TEST_F(SubmissionEntryTest, CountsTheTimeOfJobsAgainstTheBudget) {
  PutTrack("budget_seconds: 1 budget_kinds: 'evaluate'");
  EXPECT_EQ(RunPipeline("r1").state(), v1::DONE);
  late_kind_ = "evaluate";
  const v1::JobRecord entry = RunPipeline("r2");
  EXPECT_EQ(entry.state(), v1::FAILED);
  EXPECT_THAT(entry.reason(), HasSubstr("p2/evaluation 2 s); at most 1 s of evaluate jobs"));
}

TEST_F(SubmissionEntryTest, ANewSubmissionOfANameReplacesTheOldOneButForItsHistory) {
  EXPECT_EQ(RunPipeline("r1").state(), v1::DONE);
  bits_per_byte_ = 2.7;
  EXPECT_EQ(RunPipeline("r2").state(), v1::DONE);
  const v1::GetLeaderboardResponse board = Leaderboard();
  ASSERT_EQ(board.rows_size(), 1);
  EXPECT_EQ(board.rows(0).suites(0).metrics(0).value(), 2.7) << "the newest, not the best";
  CallContext context;
  v1::GetLeaderboardRequest request;
  request.set_history(true);
  v1::GetLeaderboardResponse all;
  ASSERT_TRUE(client_->GetLeaderboard(&context, request, &all).ok());
  ASSERT_EQ(all.rows_size(), 2);
  EXPECT_EQ(all.rows(0).rank(), 1u);
  EXPECT_EQ(all.rows(1).rank(), 0u);
  EXPECT_EQ(all.rows(1).suites(0).metrics(0).value(), 2.5);
}

TEST_F(SubmissionEntryTest, RefusesAModelOfAnotherDtype) {
  dtype_ = "BF16";
  EXPECT_EQ(RunPipeline("r1").state(), v1::FAILED);
}

TEST_F(SubmissionEntryTest, RefusesARowThatNamesAnotherModelOrTrack) {
  change_row_ = [](v1::LeaderboardRow& row) { row.set_model_id(std::string(64, '0')); };
  EXPECT_EQ(RunPipeline("r1").state(), v1::FAILED);
  change_row_ = [](v1::LeaderboardRow& row) { row.set_track("easier"); };
  EXPECT_EQ(RunPipeline("r2").state(), v1::FAILED);
  EXPECT_EQ(Leaderboard().rows_size(), 0);
}

TEST_F(SubmissionEntryTest, RefusesTheLeaderboardOfATrackThatIsNotThere) {
  CallContext context;
  v1::GetLeaderboardRequest request;
  request.set_track("pockt");
  v1::GetLeaderboardResponse response;
  const grpc::Status status = client_->GetLeaderboard(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("there are: pocket"));
}

TEST_F(SubmissionEntryTest, ShowsJobsWorkersAndFigures) {
  RunPipeline("r1");
  EXPECT_THAT(Page("/api/v1/jobs"), HasSubstr("\"id\":\"p1/corpus\""));
  EXPECT_THAT(Page("/api/v1/workers"), HasSubstr("\"worker_id\":\"w1\""));
  const std::string metrics = Page("/metrics");
  EXPECT_THAT(metrics, HasSubstr("bonsai_jobs{state=\"DONE\"} 6\n"));
  EXPECT_THAT(metrics, HasSubstr("bonsai_pipelines_submitted_total 1\n"));
  EXPECT_THAT(metrics, HasSubstr("bonsai_attempts_total{outcome=\"SUCCEEDED\"} 6\n"));
  EXPECT_THAT(metrics, HasSubstr("bonsai_workers{live=\"true\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("bonsai_rpcs_total{code=\"OK\",method=\"SubmitPipeline\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("bonsai_artifact_checks_total{result=\"ok\"} 6\n"));
}

}  // namespace
}  // namespace bonsai
