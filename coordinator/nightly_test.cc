// A nightly schedule over three nights, by a clock that the test moves: what changed is evaluated again and
// compared with the night before, what did not is not, and the leaderboard keeps the history.
#include <google/protobuf/text_format.h>

#include <atomic>
#include <map>
#include <set>

#include "coordinator/coordinator_fixture.h"
#include "coordinator/scheduler/job_kinds.h"
#include "gmock/gmock.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

// The corpus is what lies there that night; the questions and the standing model are the same every night.
constexpr char kPipeline[] = R"(
  name: "nightly"
  jobs { name: "corpus" data { sources { dataset: "c4" format: C4_JSON_GZ paths: "/nowhere" } } }
  jobs {
    name: "questions"
    reuse: true
    data {
      sources {
        dataset: "c4" format: C4_JSON_GZ paths: "/nowhere"
        sha256: "0000000000000000000000000000000000000000000000000000000000000000"
      }
    }
  }
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
  jobs {
    name: "evaluate"
    reuse: true
    evaluate { model: "@pretrain" bits_per_byte { corpus: "@questions" } compare_with: "@last:evaluate" }
  }
  jobs {
    name: "standing"
    reuse: true
    evaluate { model: "MODEL" bits_per_byte { corpus: "@questions" } compare_with: "@last:standing" }
  }
  jobs { name: "row" submission { name: "nightly" track: "pocket" model: "@pretrain" evaluations: "@evaluate" } }
)";

class NightlyTest : public CoordinatorFixture {
 protected:
  void SetUp() override {
    CoordinatorFixture::SetUp();
    clock_ = [this] { return absl::FromUnixSeconds(1'800'000'000) + absl::Milliseconds(moved_ms_.load()); };
    Start();
    AddSchedule();
  }

  void AddSchedule() {
    v1::Manifest manifest;
    manifest.mutable_lineage()->add_sources()->set_dataset("c4");
    CallContext import;
    v1::PutArtifactRequest put;
    put.set_manifest_id(PutArtifact("model", "p99/elsewhere", "weights", "standing", manifest));
    v1::PutArtifactResponse entered;
    ASSERT_TRUE(client_->PutArtifact(&import, put, &entered).ok());
    std::string text = kPipeline;
    text.replace(text.find("MODEL"), 5, put.manifest_id());
    v1::PutScheduleRequest request;
    request.mutable_schedule()->set_name("nightly");
    request.mutable_schedule()->set_cron("30 2 * * *");
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(text, request.mutable_schedule()->mutable_pipeline()));
    CallContext context;
    v1::PutScheduleResponse response;
    const grpc::Status status = client_->PutSchedule(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  static std::string InputOf(const v1::Task& task, const std::string& field) {
    for (const v1::ResolvedInput& input : task.inputs()) {
      if (input.field() == field) return input.artifact_id();
    }
    return "";
  }

  template <typename Report>
  Report ReadReport(const std::string& id, const std::string& file) {
    Report report;
    const absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, id);
    EXPECT_TRUE(manifest.ok()) << manifest.status();
    if (!manifest.ok()) return report;
    EXPECT_TRUE(report.ParseFromString(*blobs_->Get(FindFile(*manifest, file)->blob().sha256(), 1 << 20)));
    return report;
  }

  // Better every night, and compared with the one before, if the task names one.
  v1::EvaluationReport Evaluate(const v1::Task& task) {
    v1::EvaluationReport report;
    report.set_model_id(InputOf(task, "evaluate.model"));
    v1::SuiteResult* suite = report.add_suites();
    suite->set_suite("bits_per_byte");
    v1::MetricResult* metric = suite->add_metrics();
    metric->set_name("bits_per_byte");
    metric->set_lower_is_better(true);
    metric->set_value(bits_per_byte_);
    const std::string before = InputOf(task, "evaluate.compare_with");
    if (before.empty()) return report;
    const auto earlier = ReadReport<v1::EvaluationReport>(before, "report.binpb");
    report.set_compared_with(before);
    v1::MetricComparison* comparison = report.add_comparisons();
    comparison->set_suite("bits_per_byte");
    comparison->set_metric("bits_per_byte");
    comparison->set_difference(bits_per_byte_ - earlier.suites(0).metrics(0).value());
    return report;
  }

  std::string PlayRunner(const v1::Task& task) {
    v1::Manifest manifest;
    for (const v1::ResolvedInput& input : task.inputs()) {
      v1::LineageInput* from = manifest.mutable_lineage()->add_inputs();
      from->set_field(input.field());
      from->set_artifact_id(input.artifact_id());
    }
    const std::string kind = JobKind(task.spec());
    manifest.mutable_lineage()->set_job_kind(kind);
    if (kind == "data") manifest.mutable_lineage()->add_sources()->set_dataset("c4");
    if (kind == "pretrain") {
      v1::Property* dtype = manifest.add_properties();
      dtype->set_name("dtype");
      dtype->set_value("F32");
    }
    std::string path = "file", bytes = task.job_id();
    if (kind == "evaluate") {
      path = "report.binpb";
      bytes = Evaluate(task).SerializeAsString();
    } else if (kind == "submission") {
      const auto report =
          ReadReport<v1::EvaluationReport>(InputOf(task, "submission.evaluations[0]"), "report.binpb");
      v1::LeaderboardRow row;
      row.set_name("nightly");
      row.set_track("pocket");
      row.set_model_id(InputOf(task, "submission.model"));
      *row.mutable_suites() = report.suites();
      *row.mutable_comparisons() = report.comparisons();
      path = "row.binpb";
      bytes = row.SerializeAsString();
    }
    return PutArtifact(std::string(OutputKind(kind)), task.job_id(), path, bytes, std::move(manifest));
  }

  // A day passes, and a worker runs what is submitted in its night until the row is there.
  void PassNight(const std::string& pipeline_id) {
    moved_ms_ += absl::ToInt64Milliseconds(absl::Hours(24));
    std::map<std::string, v1::RankReport> reports;  // by job and attempt
    for (int round = 0; round < 100; ++round) {
      std::vector<v1::RankReport> said;
      for (const auto& [key, report] : reports) said.push_back(report);
      const v1::SynchronizeResponse response = Synchronize(said);
      std::map<std::string, v1::RankReport> next;
      for (const v1::Task& task : response.desired()) {
        ran_.insert(task.job_id());
        const std::string key = absl::StrCat(task.job_id(), " ", task.attempt());
        const auto known = reports.find(key);
        next[key] =
            known != reports.end() ? known->second : Exited(task, v1::RankReport::DONE, PlayRunner(task));
      }
      reports = std::move(next);
      if (round > 0 && GetJob(pipeline_id + "/row").job().state() == v1::DONE) return;
    }
    FAIL() << pipeline_id << " did not end: " << GetJob(pipeline_id + "/row").job().reason();
  }

  std::vector<v1::LeaderboardRow> History() {
    CallContext context;
    v1::GetLeaderboardRequest request;
    request.set_history(true);
    v1::GetLeaderboardResponse response;
    EXPECT_TRUE(client_->GetLeaderboard(&context, request, &response).ok());
    return {response.rows().begin(), response.rows().end()};
  }

  std::atomic<int64_t> moved_ms_ = 0;
  double bits_per_byte_ = 2.5;
  std::set<std::string> ran_;  // jobs
};

TEST_F(NightlyTest, TwoNightsGiveAHistoryAndADifference) {
  PassNight("p1");
  EXPECT_EQ(ran_.count("p1/standing"), 1u);
  ASSERT_EQ(History().size(), 1u);
  EXPECT_EQ(History()[0].comparisons_size(), 0) << "nothing came before the first night";

  bits_per_byte_ = 2.25;
  Restart();
  PassNight("p2");
  const std::vector<v1::LeaderboardRow> rows = History();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].rank(), 1u);
  EXPECT_EQ(rows[0].suites(0).metrics(0).value(), 2.25);
  ASSERT_EQ(rows[0].comparisons_size(), 1);
  EXPECT_EQ(rows[0].comparisons(0).difference(), -0.25);
  EXPECT_EQ(rows[1].rank(), 0u) << "replaced by the one of the second night";
  EXPECT_EQ(rows[1].suites(0).metrics(0).value(), 2.5);
  EXPECT_EQ(rows[0].created_unix_ms() - rows[1].created_unix_ms(),
            absl::ToInt64Milliseconds(absl::Hours(24)));

  // What is as it was the night before is not done again.
  EXPECT_EQ(ran_.count("p2/evaluate"), 1u);
  EXPECT_EQ(ran_.count("p2/questions"), 0u);
  EXPECT_EQ(ran_.count("p2/standing"), 0u);
  EXPECT_THAT(GetJob("p2/standing").job().reason(), HasSubstr("took the output of p1/standing"));
  EXPECT_EQ(GetJob("p2/standing").job().output_id(), GetJob("p1/standing").job().output_id());
}

TEST_F(NightlyTest, ANewCodeVersionEvaluatesEverythingAgain) {
  PassNight("p1");
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/share/VERSION", "test-2\n").ok());
  moved_ms_ += 1;
  Restart();
  PassNight("p2");
  EXPECT_EQ(ran_.count("p2/questions"), 1u);
  EXPECT_EQ(ran_.count("p2/standing"), 1u);
  Restart();
  PassNight("p3");
  EXPECT_EQ(ran_.count("p3/standing"), 0u);
  EXPECT_THAT(GetJob("p3/standing").job().reason(), HasSubstr("took the output of p2/standing"));
}

}  // namespace
}  // namespace bonsai
