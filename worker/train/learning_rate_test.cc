#include "worker/train/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bonsai {
namespace {

v1::Schedule ScheduleOf(v1::Schedule::Shape shape, uint32_t warmup, uint32_t decay, float last) {
  v1::Schedule schedule;
  schedule.set_shape(shape);
  schedule.set_warmup_steps(warmup);
  schedule.set_decay_steps(decay);
  schedule.set_final_fraction(last);
  return schedule;
}

TEST(LearningRate, WarmsUpToThePeak) {
  const v1::Schedule schedule = ScheduleOf(v1::Schedule::COSINE, 4, 0, 0);
  EXPECT_FLOAT_EQ(LearningRate(schedule, 0.8f, 0, 100), 0.2f);
  EXPECT_FLOAT_EQ(LearningRate(schedule, 0.8f, 3, 100), 0.8f);
}

TEST(LearningRate, CosineEndsAtTheFinalFraction) {
  const v1::Schedule schedule = ScheduleOf(v1::Schedule::COSINE, 10, 0, 0.1f);
  EXPECT_NEAR(LearningRate(schedule, 1.0f, 54, 100), 0.55f, 1e-6);  // half-way
  EXPECT_NEAR(LearningRate(schedule, 1.0f, 99, 100), 0.1f, 1e-6);
  for (uint64_t step = 10; step < 99; ++step) {
    EXPECT_GT(LearningRate(schedule, 1.0f, step, 100), LearningRate(schedule, 1.0f, step + 1, 100));
  }
}

TEST(LearningRate, WsdStaysThenFallsInALine) {
  const v1::Schedule schedule = ScheduleOf(v1::Schedule::WSD, 10, 20, 0);
  EXPECT_EQ(LearningRate(schedule, 1.0f, 10, 100), 1.0f);
  EXPECT_EQ(LearningRate(schedule, 1.0f, 79, 100), 1.0f);
  EXPECT_NEAR(LearningRate(schedule, 1.0f, 89, 100), 0.5f, 1e-6);
  EXPECT_NEAR(LearningRate(schedule, 1.0f, 99, 100), 0.0f, 1e-6);
}

TEST(LearningRate, LinearFallsFromTheWarmUpOn) {
  const v1::Schedule schedule = ScheduleOf(v1::Schedule::LINEAR, 10, 0, 0);
  EXPECT_EQ(LearningRate(schedule, 1.0f, 9, 110), 1.0f);
  EXPECT_NEAR(LearningRate(schedule, 1.0f, 59, 110), 0.5f, 1e-6);
  EXPECT_NEAR(LearningRate(schedule, 1.0f, 109, 110), 0.0f, 1e-6);
}

TEST(LearningRate, WithoutAShapeStaysAtThePeak) {
  EXPECT_EQ(LearningRate(v1::Schedule(), 0.3f, 99, 100), 0.3f);
}

TEST(ValidateSchedule, NamesFieldValueAndWhatIsValid) {
  const auto message = [](const v1::Schedule& schedule) {
    return std::string(ValidateSchedule(schedule, 100, "sft").message());
  };
  EXPECT_EQ(message(ScheduleOf(v1::Schedule::WSD, 60, 41, 0)),
            "sft.schedule.decay_steps is 41; valid: at most steps - warmup_steps, 40");
  EXPECT_NE(message(ScheduleOf(v1::Schedule::COSINE, 0, 5, 0)).find("unless schedule.shape is WSD"),
            std::string::npos);
  EXPECT_NE(message(ScheduleOf(v1::Schedule::COSINE, 101, 0, 0)).find("sft.schedule.warmup_steps is 101"),
            std::string::npos);
  EXPECT_NE(message(ScheduleOf(v1::Schedule::COSINE, 0, 0, NAN)).find("final_fraction"), std::string::npos);
  EXPECT_TRUE(ValidateSchedule(ScheduleOf(v1::Schedule::WSD, 60, 40, 1), 100, "sft").ok());
}

}  // namespace
}  // namespace bonsai
