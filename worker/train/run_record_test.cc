#include "worker/train/run_record.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bonsai {
namespace {

RunRecord Full() {
  RunRecord record;
  record.AddPoint({10, 4.25, 0.1, 3e-4, 12345.678, 0.33, 0.002});
  record.AddPoint({20, NAN, INFINITY, 1e-4, 1, 0, 0});
  record.AddValidation({10, 1.0 / 3});
  record.AddValidation({20, 0.25});
  record.rewinds = {{62, 50}, {70, 60}};
  record.best = {20, 0.1 + 0.2};
  record.attempts = 3;
  record.seconds = 12.5;
  record.predicted_seconds = 13.25;
  record.predicted_steps = 100;
  record.data_wait_seconds = 0.5;
  record.peak_memory_bytes = 1e8;
  return record;
}

TEST(RunRecord, ReadsBackWhatItWrote) {
  const RunRecord record = Full();
  const absl::StatusOr<RunRecord> read = RunRecord::FromJson(record.ToJson());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->validations, record.validations);
  EXPECT_EQ(read->rewinds, record.rewinds);
  EXPECT_EQ(read->best, record.best);
  EXPECT_EQ(read->attempts, 3u);
  EXPECT_EQ(read->seconds, 12.5);
  EXPECT_EQ(read->predicted_seconds, 13.25);
  EXPECT_EQ(read->predicted_steps, 100u);
  ASSERT_EQ(read->points.size(), 2u);
  EXPECT_EQ(read->points[0].tokens_per_second, 12345.678);
  EXPECT_EQ(read->points[0].checkpoint_stall_seconds, 0.002);
  EXPECT_TRUE(std::isnan(read->points[1].gradient_norm));
  EXPECT_EQ(read->ToJson(), record.ToJson());
  EXPECT_TRUE(RunRecord::FromJson(RunRecord().ToJson()).ok());
}

TEST(RunRecord, AStepIsKeptOnceAndListsStayBounded) {
  RunRecord record;
  for (uint64_t step = 1; step <= 3 * RunRecord::kListMax; ++step) {
    record.AddValidation({step, 1});
    record.AddValidation({step, 2});
    record.AddPoint({step});
  }
  EXPECT_LE(record.validations.size(), RunRecord::kListMax);
  EXPECT_LE(record.points.size(), RunRecord::kListMax);
  EXPECT_EQ(record.validations.back(), (RunRecord::Validation{3 * RunRecord::kListMax, 1}));
  EXPECT_TRUE(RunRecord::FromJson(record.ToJson()).ok());
}

TEST(RunRecord, DamageIsNamed) {
  for (const auto& [text, complaint] : {std::pair{"{", "byte"},
                                        {R"({"rewinds":[[1,2]]})", "best is missing"},
                                        {R"({"rewinds":3})", "rewinds is 3; valid: a list"},
                                        {R"({"rewinds":[[1]]})", "a row of 1 numbers; valid: 2"},
                                        {R"({"rewinds":[[-1,0]]})", "holds -1; valid: a step"},
                                        {R"({"rewinds":[["a",0]]})", "valid: a step"}}) {
    const absl::Status status = RunRecord::FromJson(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_NE(status.message().find(complaint), std::string::npos) << status;
  }
  EXPECT_FALSE(RunRecord::FromJson(R"({"rewinds":[[1,2]],"best":[],"validations":[],"points":[]})").ok());
}

}  // namespace
}  // namespace bonsai
