#include "runner/process_runner_context.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

TEST(EventLineTest, SaysEachEventInOneLine) {
  v1::RunnerEvent event;
  event.mutable_progress()->set_step(3);
  event.mutable_progress()->set_total_steps(10);
  event.mutable_progress()->set_unit("steps");
  event.mutable_progress()->set_eta_seconds(12);
  EXPECT_EQ(EventLine(event), "progress: 3 of 10 steps, 12 s to go");
  event.mutable_progress()->set_eta_seconds(-1);
  event.mutable_progress()->set_total_steps(0);
  EXPECT_EQ(EventLine(event), "progress: 3 steps");
  event.mutable_sample()->set_step(20);
  for (auto [name, value] : {std::pair("loss", 3.25), std::pair("tokens_per_second", 812.0)}) {
    v1::Metric& metric = *event.mutable_sample()->add_metrics();
    metric.set_name(name);
    metric.set_value(value);
  }
  EXPECT_EQ(EventLine(event), "step 20: loss 3.25, tokens_per_second 812");
  event.mutable_checkpoint()->set_step(7);
  event.mutable_checkpoint()->set_manifest_id("ab");
  EXPECT_EQ(EventLine(event), "checkpoint of step 7: ab");
}

TEST(OneLineTest, ALineHoldsNoControlCharactersAndIsBounded) {
  EXPECT_EQ(OneLine("two\nlines\tof \xff"), "two / lines\\x09of \\xff");
  EXPECT_EQ(OneLine(std::string(100000, 'x')).size(), 2003u);
  EXPECT_LE(OneLine(std::string(100000, '\xff')).size(), 2003u);
}

}  // namespace
}  // namespace bonsai
