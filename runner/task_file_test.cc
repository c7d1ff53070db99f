#include "runner/task_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kDigits[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

std::string Good() {
  return "job_id: \"p1/data\"\nspec { name: \"data\" data { } }\nstorage_dir: \"s\"\nwork_dir: \"w\"\n";
}

std::string ErrorOf(const std::string& text) {
  absl::Status status = ParseTask(text, "t.textproto").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(TaskFileTest, ReadsAHandWrittenTask) {
  auto task = ReadTaskFile("runner/testdata/task.textproto");
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(JobKind(task->spec()), "tokenizer");
  EXPECT_EQ(task->attempt(), 2u);
  EXPECT_EQ(task->ranks(), 1u);
}

TEST(TaskFileTest, RanksAndAttemptAreOneIfNotSet) {
  auto task = ParseTask(Good(), "t");
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(task->ranks(), 1u);
  EXPECT_EQ(task->attempt(), 1u);
}

TEST(TaskFileTest, NamesLineAndColumnOfAnUnknownField) {
  EXPECT_THAT(ErrorOf(Good() + "  storage_fir: \"s\"\n"), StartsWith("t.textproto:5:"));
  EXPECT_THAT(ErrorOf(Good() + "  storage_fir: \"s\"\n"), HasSubstr("storage_fir"));
  EXPECT_THAT(ErrorOf("spec {"), StartsWith("t.textproto:1:"));
}

TEST(TaskFileTest, NamesTheMissingValue) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("job_id is missing"));
  EXPECT_THAT(ErrorOf("job_id: \"a\""), HasSubstr("spec is missing"));
  EXPECT_THAT(ErrorOf("job_id: \"a\" spec { data { } }"), HasSubstr("storage_dir is missing"));
  EXPECT_THAT(ErrorOf("job_id: \"a\" spec { data { } } storage_dir: \"s\""),
              HasSubstr("work_dir is missing"));
  EXPECT_THAT(ErrorOf(Good() + "ranks: 2"), HasSubstr("rendezvous_dir is missing"));
}

TEST(TaskFileTest, NamesTheWrongValue) {
  EXPECT_THAT(ErrorOf(Good() + "rank: 1"), HasSubstr("rank is 1: want less than ranks, 1"));
  EXPECT_THAT(ErrorOf(Good() + "events_fd: 2"), HasSubstr("events_fd is 2"));
  EXPECT_THAT(ErrorOf(Good() + "inputs { field: \"f\" artifact_id: \"x\" }"),
              HasSubstr("inputs[0].artifact_id (of f) is \"x\""));
  EXPECT_THAT(ErrorOf(Good() + "inputs { artifact_id: \"" + kDigits + "\" }"),
              HasSubstr("inputs[0].field is missing"));
  EXPECT_THAT(ErrorOf(Good() + "resume { manifest_id: \"x\" }"), HasSubstr("resume[0].manifest_id"));
}

TEST(TaskFileTest, NamesTheFileThatCannotBeRead) {
  absl::Status status = ReadTaskFile("/no/such/task").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/task: No such file"));
}

TEST(TaskFileTest, RefusesDeepNesting) {
  std::string text = "spec { data { ";
  for (int i = 0; i < 100000; ++i) text += "sources { ";
  EXPECT_FALSE(ParseTask(text, "t").ok());
}

}  // namespace
}  // namespace bonsai
