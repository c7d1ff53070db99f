#include "edge_runtime/farm/benchmark_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bonsai/v1/report.pb.h"
#include "edge_runtime/engine/bundle.h"
#include "edge_runtime/farm/fake_device_transport.h"
#include "edge_runtime/farm/reference_tokens.h"
#include "edge_runtime/model/model_fixture.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr char kPrompt[] = "ab ba";
constexpr int kTokens = 12;

std::string Bytes(const std::string& path) { return ReadFileBytes(path, size_t{1} << 30).value(); }

// This test's own program with a small model appended.
const std::string& BundlePath() {
  static const auto* const kPath = [] {
    auto* path = new std::string(testing::TempDir() + "/bundle");
    std::vector<edge::BundleSource> sections;
    for (const auto& [name, bytes] : edge::FixtureFiles(edge::FixtureConfig(), 7)) {
      std::ofstream(testing::TempDir() + "/" + name, std::ios::binary) << bytes;
      sections.push_back({name, testing::TempDir() + "/" + name});
    }
    std::string error;
    EXPECT_TRUE(edge::WriteBundle(*path, "/proc/self/exe", sections, &error)) << error;
    return path;
  }();
  return *kPath;
}

std::string BenchLine(double seconds, const std::vector<int32_t>& ids, int64_t prompt_tokens) {
  return absl::StrCat("{\"prefill_tokens\":", prompt_tokens, ",\"prefill_seconds\":", seconds / 10,
                      ",\"decode_tokens\":", ids.size() - 1, ",\"decode_seconds\":", seconds,
                      ",\"token_ids\":[", absl::StrJoin(ids, ","),
                      "],\"peak_rss_bytes\":5000000,\"threads\":1,\"kernels\":\"avx2\"}\n");
}

class BenchmarkRunner : public testing::Test {
 protected:
  BenchmarkRunner() {
    context_ = FakeRunnerContext::Create(testing::TempDir());
    v1::Task& task = context_->mutable_task();
    v1::BenchmarkSpec* spec = task.mutable_spec()->mutable_benchmark();
    spec->set_target("host");
    spec->set_prompt(kPrompt);
    spec->set_decode_tokens(kTokens);
    spec->set_runs(5);
    spec->set_warmup_runs(1);
    task.mutable_device()->set_id("local");
    task.mutable_device()->set_target("host");
    task.mutable_device()->set_transport("local");
    task.mutable_device()->set_description("this machine");
    context_->AddInput("benchmark.bundle", "bundle", {{"bonsai-bundle", Bytes(BundlePath())}},
                       {{"target", "host"}});
    reference_ = ComputeReferenceTokens(BundlePath(), kPrompt, kTokens).value();
  }

  // The device answers a bench with what `answer` says.
  absl::Status RunWith(std::function<absl::StatusOr<DeviceOutput>()> answer) {
    return RunBenchmarkOver(*context_, [&](uint16_t) -> absl::StatusOr<std::unique_ptr<DeviceTransport>> {
      auto fake = std::make_unique<FakeDeviceTransport>();
      fake->SetCommand("bonsai-bundle", [this, answer](const std::vector<std::string>& arguments) {
        arguments_ = arguments;
        return answer();
      });
      return fake;
    });
  }

  v1::BenchmarkReport Report() {
    v1::BenchmarkReport report;
    EXPECT_TRUE(report.ParseFromString(context_->OutputFile("report.binpb").value()));
    return report;
  }

  std::unique_ptr<FakeRunnerContext> context_;
  ReferenceTokens reference_;
  std::vector<std::string> arguments_;
};

TEST_F(BenchmarkRunner, ReportsSpeedMemoryAndThatTheOutputIsTheReferences) {
  const auto answer = [this] {
    std::string text;
    for (double seconds : {1.0, 1.1, 0.9, 1.05, 40.0}) {
      text += BenchLine(seconds, reference_.token_ids, reference_.prompt_tokens);
    }
    return DeviceOutput{0, text, ""};
  };
  const absl::Status status = RunWith(answer);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(arguments_, ElementsAre("bench", "--prompt=ab ba", "--tokens=12", "--runs=5", "--warmup=1"));
  const v1::BenchmarkReport report = Report();
  EXPECT_EQ(report.target(), "host");
  EXPECT_EQ(report.device(), "this machine, avx2 kernels");
  EXPECT_FALSE(report.emulated());
  EXPECT_EQ(report.runs(), 5u);
  EXPECT_EQ(report.prompt_tokens(), reference_.prompt_tokens);
  EXPECT_EQ(report.decode_tokens(), 12u);
  EXPECT_THAT(report.decode_tokens_per_second().kept(), SizeIs(4));
  EXPECT_THAT(report.decode_tokens_per_second().dropped(), ElementsAre(11 / 40.0));
  EXPECT_NEAR(report.decode_tokens_per_second().median(), (11 / 1.0 + 11 / 1.05) / 2, 1e-9);
  EXPECT_EQ(report.peak_memory_bytes(), 5000000u);
  EXPECT_EQ(report.bundle_bytes(), Bytes(BundlePath()).size());
  EXPECT_TRUE(report.output_matches_reference());
  EXPECT_THAT(report.output_comparison(), HasSubstr("12 of 12 greedy tokens equal the reference"));
  EXPECT_THAT(report.not_measured(), SizeIs(0));
  EXPECT_THAT(report.outlier_rule(), HasSubstr("3.5"));
  EXPECT_EQ(context_->Output()->kind(), "benchmark");
  EXPECT_THAT(context_->OutputFile("report.json").value(), HasSubstr("\"decode_tokens_per_second\""));
}

TEST_F(BenchmarkRunner, UnderAnEmulatorReportsTheOutputAndNoSpeed) {
  context_->mutable_task().mutable_device()->set_emulated(true);
  context_->mutable_task().mutable_device()->set_transport("qemu-user");
  context_->mutable_task().mutable_device()->set_description("a phone");
  const absl::Status status = RunWith([this] {
    return DeviceOutput{0, BenchLine(1, reference_.token_ids, reference_.prompt_tokens), ""};
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(arguments_, testing::Contains("--runs=1"));
  const v1::BenchmarkReport report = Report();
  EXPECT_TRUE(report.emulated());
  EXPECT_EQ(report.device(), "emulated: a phone");
  EXPECT_FALSE(report.has_prefill_tokens_per_second());
  EXPECT_FALSE(report.has_decode_tokens_per_second());
  EXPECT_FALSE(report.has_peak_memory_bytes());
  EXPECT_THAT(report.not_measured(), SizeIs(3));
  EXPECT_THAT(report.not_measured(1), HasSubstr("decode_tokens_per_second: emulated by qemu-user"));
  EXPECT_TRUE(report.output_matches_reference());
}

TEST_F(BenchmarkRunner, OutputThatDiffersInOneRunIsReported) {
  std::vector<int32_t> other = reference_.token_ids;
  other[7] = (other[7] + 1) % 8;
  context_->mutable_task().mutable_spec()->mutable_benchmark()->set_runs(2);
  const absl::Status status = RunWith([&] {
    return DeviceOutput{0,
                        BenchLine(1, reference_.token_ids, reference_.prompt_tokens) +
                            BenchLine(1, other, reference_.prompt_tokens),
                        ""};
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_FALSE(Report().output_matches_reference());
  EXPECT_THAT(Report().output_comparison(), HasSubstr("7 of 12 greedy tokens"));
  EXPECT_THAT(context_->OutputFile("report.json").value(), HasSubstr("\"output_matches_reference\": false"));
}

TEST_F(BenchmarkRunner, ADifferentPromptOnTheDeviceIsReported) {
  context_->mutable_task().mutable_spec()->mutable_benchmark()->set_runs(1);
  ASSERT_TRUE(RunWith([this] { return DeviceOutput{0, BenchLine(1, reference_.token_ids, 99), ""}; }).ok());
  EXPECT_FALSE(Report().output_matches_reference());
  EXPECT_THAT(Report().output_comparison(), HasSubstr("the prompt is 99 tokens on the device"));
}

TEST_F(BenchmarkRunner, FailuresOnTheDevicePublishNothing) {
  const struct {
    absl::StatusOr<DeviceOutput> answer;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {DeviceOutput{132, "", "Illegal instruction"}, absl::StatusCode::kFailedPrecondition,
       "ended with code 132 on the device: Illegal instruction"},
      {DeviceOutput{0, "nonsense\n", ""}, absl::StatusCode::kDataLoss, "line 1 of the bench output"},
      {DeviceOutput{0, "", ""}, absl::StatusCode::kDataLoss, "reported 0 of 5 runs"},
      {absl::DeadlineExceededError("too slow"), absl::StatusCode::kDeadlineExceeded, "too slow"},
  };
  for (const auto& c : cases) {
    const absl::Status status = RunWith([&] { return c.answer; });
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
    EXPECT_FALSE(context_->Output().ok());
  }
}

TEST_F(BenchmarkRunner, RefusesWhatDoesNotFitTogether) {
  const auto never = [] { return DeviceOutput{}; };
  v1::Task& task = context_->mutable_task();
  v1::BenchmarkSpec* spec = task.mutable_spec()->mutable_benchmark();
  spec->set_decode_tokens(1);
  EXPECT_EQ(RunWith(never).code(), absl::StatusCode::kInvalidArgument);
  spec->set_decode_tokens(1000);
  EXPECT_THAT(std::string(RunWith(never).message()), HasSubstr("the model has 64 positions"));
  spec->set_decode_tokens(kTokens);
  spec->set_runs(100000);
  EXPECT_EQ(RunWith(never).code(), absl::StatusCode::kInvalidArgument);
  spec->set_runs(1);
  task.mutable_device()->set_target("duo-64m");
  EXPECT_THAT(std::string(RunWith(never).message()), HasSubstr("is of target \"duo-64m\""));
  spec->set_target("duo-64m");
  EXPECT_THAT(std::string(RunWith(never).message()),
              HasSubstr("benchmark.bundle is built for target \"host\""));
  task.clear_device();
  EXPECT_THAT(std::string(RunWith(never).message()), HasSubstr("no device"));
}

TEST_F(BenchmarkRunner, ABrokenBundleIsFoundBeforeTheDeviceSeesIt) {
  std::string broken = Bytes(BundlePath());
  broken.resize(broken.size() - 100);
  context_->mutable_task().clear_inputs();
  context_->AddInput("benchmark.bundle", "bundle", {{"bonsai-bundle", broken}}, {{"target", "host"}});
  EXPECT_EQ(RunWith([] { return DeviceOutput{}; }).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace bonsai
