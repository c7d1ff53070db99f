#include "worker/train/report_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "worker/train/figure_text.h"
#include "worker/train/run_figures.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TrainingPlan Plan() {
  TrainingPlan plan;
  plan.kind = "pretrain";
  plan.steps = plan.end_steps = 2000;
  plan.batch_sequences = 8;
  return plan;
}

// A run of 2,000 steps with a step that was left out, a rewind, and the best model half-way.
TrainOutcome Outcome() {
  TrainOutcome outcome;
  TrainState& state = outcome.state;
  state.step = 2000;
  for (int step = 0; step < 2000; ++step) state.losses.push_back(4 + 4 * std::exp(-step / 200.0f));
  state.losses[700] = NAN;
  RunRecord& record = state.record;
  for (uint64_t step = 2; step <= 2000; step += 2) {
    record.AddPoint({step, 4, step == 700 ? NAN : 0.5, 1e-3, 12000, 0.4, step % 100 == 0 ? 0.002 : 0});
  }
  for (uint64_t step = 500; step <= 2000; step += 500) record.AddValidation({step, step == 1000 ? 4.0 : 4.5});
  record.best = {1000, 4.0};
  record.rewinds = {{1234, 1200}};
  record.attempts = 2;
  record.seconds = 100;
  record.predicted_seconds = 90;
  record.peak_memory_bytes = 2e8;
  outcome.tokens = 2000 * 8 * 256;
  outcome.model_step = 1000;
  outcome.validation_loss = 4.0;
  outcome.shape.parameters = 1'330'000;
  outcome.shape.positions = 256;
  outcome.shape.config.layers = 4;
  return outcome;
}

TEST(ReportPage, StandsAloneAndShowsAllOfTheRun) {
  const std::string page = RenderReportPage("p1/<pretrain>", Outcome(), Plan());
  for (const char* part :
       {"<title>Training of p1/&lt;pretrain&gt;</title>", "<h3>Loss</h3>", "<h3>Gradient norm</h3>",
        "<h3>Learning rate</h3>", "<h3>Speed</h3>", "<h3>Utilization</h3>", "<h3>Checkpoint stalls</h3>",
        "nats per token", "mean of 14 steps", "prefers-color-scheme:dark", "step 701: left out",
        "step 1235: back to step 1200", "the model: step 1000", "2,000", "1,330,000"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  for (const char* part : {"http:", "https:", "<script", "nan", "inf\"", "url("})
    EXPECT_THAT(page, Not(HasSubstr(part)));
  EXPECT_LT(page.size(), 400'000u);
}

TEST(ReportPage, ARunOfOneStepHasAPageToo) {
  TrainOutcome outcome;
  outcome.state.step = outcome.model_step = 1;
  outcome.state.losses = {8.3f};
  TrainingPlan plan = Plan();
  plan.end_steps = 1;
  const std::string page = RenderReportPage("p1/a", outcome, plan);
  EXPECT_THAT(page, HasSubstr("8.3000"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
}

TEST(RunFigures, PutTheEstimateBesideTheOutcome) {
  const RunFigures figures = FiguresOf(Outcome(), Plan());
  ASSERT_EQ(figures.estimate.size(), 4u);
  EXPECT_EQ(figures.estimate[0].predicted, "1 min 30 s");
  EXPECT_EQ(figures.estimate[0].actual, "1 min 40 s");
  EXPECT_DOUBLE_EQ(figures.estimate[0].ratio, 0.9);
  EXPECT_EQ(figures.estimate[2].ratio, 1);  // tokens
  EXPECT_THAT(figures.summary, HasSubstr("The model is that of step 1,000"));
}

TEST(FigureText, IsShort) {
  EXPECT_EQ(SecondsText(3.14), "3.1 s");
  EXPECT_EQ(SecondsText(59.7), "1 min 00 s");
  EXPECT_EQ(SecondsText(7380), "2 h 03 min");
  EXPECT_EQ(SecondsText(90000), "1 d 01 h");
  EXPECT_EQ(CountText(950), "950");
  EXPECT_EQ(CountText(12345), "12.3 k");
  EXPECT_EQ(CountText(999600), "1.00 M");
  EXPECT_EQ(CountText(4e18), "4.00 E");
  EXPECT_EQ(BytesText(1.5 * 1024 * 1024), "1.5 MiB");
}

}  // namespace
}  // namespace bonsai
