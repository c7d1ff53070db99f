#include "client/pipeline_file.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Settings = std::map<std::string, std::string>;

std::string Problem(absl::string_view text, const Settings& settings = {}) {
  const auto pipeline = ParsePipeline(text, "f.textproto", settings);
  EXPECT_EQ(pipeline.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(pipeline.status().message());
}

TEST(PipelineFileTest, ReadsAPipelineWithVariables) {
  const auto pipeline =
      ParsePipeline("name: \"x\"\njobs { name: \"a\" pretrain { steps: ${steps:-40} } }", "f", {});
  ASSERT_TRUE(pipeline.ok()) << pipeline.status();
  EXPECT_EQ(pipeline->jobs(0).pretrain().steps(), 40u);
}

TEST(PipelineFileTest, NamesThePlaceOfAnUnknownFieldAndTheValidOnes) {
  EXPECT_EQ(
      Problem("name: \"x\"\njobs {\n  nmae: \"a\"\n}"),
      "f.textproto:3:7: Message type \"bonsai.v1.JobSpec\" has no field named \"nmae\". It has: name, "
      "resources, max_attempts, priority, time_limit_seconds, progress_timeout_seconds, grace_seconds, data, "
      "tokenizer, pack, pretrain, sft, evaluate, export, build, benchmark, submission, sweep, reuse.");
}

TEST(PipelineFileTest, CountsColumnsInTheFileNotInTheExpandedText) {
  // The value is far longer than the variable; the mistake stands behind it.
  const std::string text = "jobs { name: \"${a}\" oops: 1 }";
  EXPECT_THAT(Problem(text, {{"a", std::string(100, 'x')}}), StartsWith("f.textproto:1:25: "));
  EXPECT_THAT(Problem(text, {{"a", "x"}}), StartsWith("f.textproto:1:25: "));
  EXPECT_THAT(Problem("\tjobs { oops: 1 }"), StartsWith("f.textproto:1:13: "));
}

TEST(PipelineFileTest, NamesAValueOfTheWrongType) {
  EXPECT_THAT(Problem("jobs { name: 5 }"), StartsWith("f.textproto:1:14: Expected string"));
  EXPECT_THAT(Problem("jobs { name: \"a\" data { sources { format: XML } } }"), HasSubstr("XML"));
}

TEST(PipelineFileTest, RefusesAFileWithoutJobs) {
  EXPECT_EQ(Problem("name: \"x\""), "f.textproto: has no jobs; a pipeline needs at least one jobs { ... }");
  EXPECT_THAT(Problem(""), HasSubstr("has no jobs"));
}

TEST(PipelineFileTest, SurvivesDeepNesting) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "jobs {";
  EXPECT_THAT(Problem(text), StartsWith("f.textproto:1:"));
}

TEST(PipelineFileTest, MakesRelativeDataPathsAbsolute) {
  auto pipeline =
      ParsePipeline("jobs { name: \"a\" data { sources { paths: \"d/*.gz\" paths: \"/x\" } } }", "f", {});
  ASSERT_TRUE(pipeline.ok());
  MakeDataPathsAbsolute("/home/me", *pipeline);
  EXPECT_EQ(pipeline->jobs(0).data().sources(0).paths(0), "/home/me/d/*.gz");
  EXPECT_EQ(pipeline->jobs(0).data().sources(0).paths(1), "/x");
}

TEST(PipelineFileTest, NamesAFileThatCannotBeRead) {
  const auto missing = ReadPipelineFile("/nonexistent/p.textproto", {});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(),
            "/nonexistent/p.textproto: cannot open the pipeline file: No such file or directory");
  EXPECT_THAT(std::string(ReadPipelineFile("/", {}).status().message()), HasSubstr("/: cannot"));
}

TEST(PipelineFileTest, RefusesAHugeFile) {
  const std::string path = testing::TempDir() + "/huge.textproto";
  std::ofstream(path) << std::string((1 << 20) + 1, ' ');
  EXPECT_THAT(std::string(ReadPipelineFile(path, {}).status().message()), HasSubstr("larger than 1 MiB"));
}

TEST(PipelineFileTest, ReadsEveryExampleThatIsShipped) {
  for (const char* name : {"pocket.textproto", "nightly.textproto", "sweep.textproto"}) {
    std::map<std::string, std::string> settings = {{"data", "/data"}};
    if (std::string(name) == "nightly.textproto") settings["heldout_sha256"] = std::string(64, 'a');
    const auto pipeline = ReadPipelineFile(std::string("deploy/examples/") + name, settings);
    ASSERT_TRUE(pipeline.ok()) << pipeline.status();
    EXPECT_EQ(pipeline->jobs(0).data().sources(0).paths(0).substr(0, 9), "/data/c4/");
  }
}

}  // namespace
}  // namespace bonsai
