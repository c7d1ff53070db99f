#include "coordinator/scheduler/sweep_expansion.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "coordinator/scheduler/input_resolution.h"
#include "coordinator/scheduler/spec_field.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::Pipeline Parse(const std::string& text) {
  v1::Pipeline pipeline;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pipeline)) << text;
  return pipeline;
}

constexpr char kJobs[] = R"(
  jobs { name: "pack" pack { corpus: "@data" } }
  jobs { name: "pretrain" pretrain { tokens: "@pack" steps: 90 optimizer { learning_rate: 0.5 } } }
  jobs { name: "export" export { model: "@pretrain" } }
)";

v1::Pipeline WithSweep(const std::string& sweep) { return Parse(std::string(kJobs) + sweep); }

std::vector<std::string> Names(const v1::Pipeline& pipeline) {
  std::vector<std::string> names;
  for (const v1::JobSpec& job : pipeline.jobs()) names.push_back(job.name());
  return names;
}

TEST(SweepExpansionTest, LeavesAPipelineWithoutSweepsAsItIs) {
  const v1::Pipeline pipeline = Parse(kJobs);
  auto expanded = ExpandSweeps(pipeline);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_EQ(expanded->SerializeAsString(), pipeline.SerializeAsString());
}

TEST(SweepExpansionTest, MakesAJobForEachPointOfAGridAndOneThatSelects) {
  auto expanded = ExpandSweeps(WithSweep(R"(
    sweeps { job: "pretrain" metric: "loss"
             parameters { field: "pretrain.optimizer.learning_rate" values: ["0.001", "3e-3"] }
             parameters { field: "pretrain.model" values: ["{ dim: 64 }", "{ dim: 128 layers: 2 }"] } })"));
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_THAT(Names(*expanded), ElementsAre("pack", "pretrain-0", "pretrain-1", "pretrain-2", "pretrain-3",
                                            "pretrain", "export"));
  const v1::JobSpec& second = expanded->jobs(2);
  EXPECT_FLOAT_EQ(second.pretrain().optimizer().learning_rate(), 0.001f);
  EXPECT_EQ(second.pretrain().model().dim(), 128u);
  EXPECT_EQ(second.pretrain().model().layers(), 2u);
  EXPECT_EQ(second.pretrain().tokens(), "@pack");
  EXPECT_EQ(second.sweep().job(), "pretrain");
  EXPECT_EQ(second.sweep().variant(), 1u);
  EXPECT_FALSE(second.sweep().selects());
  EXPECT_THAT(second.sweep().settings(), ElementsAre("pretrain.optimizer.learning_rate: 0.001",
                                                     "pretrain.model: { dim: 128 layers: 2 }"));
  EXPECT_TRUE(expanded->jobs(5).sweep().selects());
  EXPECT_EQ(expanded->sweeps_size(), 1);
}

TEST(SweepExpansionTest, TheJobThatSelectsTakesItsVariantsOutputs) {
  auto expanded = ExpandSweeps(WithSweep(R"(
    sweeps { job: "pretrain" metric: "loss" parameters { field: "pretrain.seed" values: ["1", "2"] } })"));
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  const auto inputs = ResolveInputs(*expanded);
  ASSERT_EQ(inputs.size(), 5u);
  ASSERT_EQ(inputs[3].size(), 2u);
  EXPECT_EQ(inputs[3][1].field(), "sweep[1]");
  EXPECT_EQ(inputs[3][1].job_id(), "pretrain-1");
  EXPECT_EQ(inputs[3][1].kinds(), "model");
  EXPECT_EQ(inputs[1][0].job_id(), "pack");
  EXPECT_EQ(inputs[4][0].job_id(), "pretrain");
}

constexpr char kRandom[] = R"(
  sweeps { job: "pretrain" metric: "loss" samples: 200 seed: 7
           parameters { field: "pretrain.optimizer.learning_rate" min: 1e-4 max: 1e-1 log: true }
           parameters { field: "pretrain.steps" min: 10 max: 20 }
           parameters { field: "pretrain.tokenizer" values: ["@a", "@b"] } })";

TEST(SweepExpansionTest, DrawsWithinBoundsFromItsSeedAlone) {
  auto expanded = ExpandSweeps(WithSweep(kRandom));
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  ASSERT_EQ(expanded->jobs_size(), 203);
  int below_geometric_mean = 0;
  std::set<uint32_t> steps;
  std::set<std::string> tokenizers;
  for (int i = 1; i <= 200; ++i) {
    const v1::PretrainSpec& spec = expanded->jobs(i).pretrain();
    EXPECT_GE(spec.optimizer().learning_rate(), 0.99e-4f);
    EXPECT_LT(spec.optimizer().learning_rate(), 1.01e-1f);
    below_geometric_mean += spec.optimizer().learning_rate() < std::sqrt(1e-4 * 1e-1);
    steps.insert(spec.steps());
    tokenizers.insert(spec.tokenizer());
  }
  // Half of them by the logarithm; drawn uniformly it would be 3 %.
  EXPECT_NEAR(below_geometric_mean, 100, 30);
  EXPECT_THAT(steps, ElementsAre(10, 11, 12, 13, 14, 15, 16, 17, 18, 19));
  EXPECT_THAT(tokenizers, ElementsAre("@a", "@b"));
  EXPECT_EQ(ExpandSweeps(WithSweep(kRandom))->SerializeAsString(), expanded->SerializeAsString());
  v1::Pipeline other = WithSweep(kRandom);
  other.mutable_sweeps(0)->set_seed(8);
  EXPECT_NE(ExpandSweeps(other)->jobs(1).pretrain().optimizer().learning_rate(),
            expanded->jobs(1).pretrain().optimizer().learning_rate());
}

TEST(SweepExpansionTest, RandomVariantsDiffer) {
  auto expanded = ExpandSweeps(WithSweep(R"(
    sweeps { job: "pretrain" metric: "loss" samples: 3
             parameters { field: "pretrain.seed" values: ["1", "2", "3"] } })"));
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  std::set<uint64_t> seeds;
  for (int i = 1; i <= 3; ++i) seeds.insert(expanded->jobs(i).pretrain().seed());
  EXPECT_THAT(seeds, ElementsAre(1, 2, 3));
}

TEST(SweepExpansionTest, HalvingStartsEveryVariantAtTheFirstRung) {
  const v1::Pipeline pipeline = WithSweep(R"(
    sweeps { job: "pretrain" metric: "loss" step_field: "pretrain.stop_after_steps" rung_steps: [10, 30, 90]
             parameters { field: "pretrain.seed" values: ["1", "2", "3", "4", "5", "6", "7"] } })");
  auto expanded = ExpandSweeps(pipeline);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_EQ(expanded->jobs(1).pretrain().stop_after_steps(), 10u);
  EXPECT_EQ(expanded->jobs(1).pretrain().steps(), 90u);
  EXPECT_THAT(RungSizes(pipeline.sweeps(0), 7), ElementsAre(7, 2, 1));
  EXPECT_EQ(VariantName("pretrain", 3, 0), "pretrain-3");
  EXPECT_EQ(VariantName("pretrain", 3, 2), "pretrain-3-r2");
}

TEST(SweepExpansionTest, ErrorsNameTheSweepTheFieldTheValueAndWhatIsValid) {
  const std::string grid = " parameters { field: 'pretrain.seed' values: ['1', '2'] } ";
  const std::pair<std::string, const char*> wrong[] = {
      {"job: 'nope' metric: 'loss'" + grid, "sweep of \"nope\": the pipeline has no job of that name"},
      {"job: 'pretrain'" + grid, "metric is \"\""},
      {"job: 'pretrain' metric: 'loss'", "parameters is empty"},
      {"job: 'pretrain' metric: 'loss'" + grid + grid, "parameter \"pretrain.seed\" is there twice"},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.sed' values: '1' }",
       "field \"pretrain.sed\": there is no \"sed\"; did you mean \"seed\"?"},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'sft.steps' values: '1' }",
       "the job is of kind pretrain"},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'name' values: 'x' }", "cannot be varied"},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.steps.x' values: '1' }",
       "\"steps\" has no fields of its own"},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'resources.labels' values: '1' }",
       "\"labels\" is repeated"},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.steps' values: ['1', 'many'] }",
       "field \"pretrain.steps\": does not take \"many\""},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.steps' values: '1 2' }",
       "does not take \"1 2\""},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.steps' values: '-1' }",
       "does not take \"-1\""},
      {"job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.seed' }", "has no values: a grid"},
      {"job: 'pretrain' metric: 'loss' samples: 2 parameters { field: 'pretrain.seed' min: 5 max: 5 }",
       "must have min < max"},
      {"job: 'pretrain' metric: 'loss' samples: 2 parameters { field: 'pretrain.seed' max: 5 log: true }",
       "min > 0 since it is log"},
      {"job: 'pretrain' metric: 'loss' samples: 3" + grid, "only 2 different choices"},
      {"job: 'pretrain' metric: 'loss' samples: 5000" + grid, "samples is 5000: must be at most 900"},
      {"job: 'pretrain' metric: 'loss' rung_steps: [1, 2]" + grid, "step_field is empty"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.steps'" + grid, "rung_steps is empty"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.steps' rung_steps: 5" + grid,
       "rung_steps has 1 entries"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.steps' rung_steps: [5, 5]" + grid,
       "rung_steps[1] is 5: must be larger"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.steps' rung_steps: [5, 9] eta: 1" + grid,
       "eta is 1"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.tokens' rung_steps: [5, 9]" + grid,
       "is not a whole number"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.seed' rung_steps: [5, 9]" + grid,
       "is a parameter too"},
      {"job: 'pretrain' metric: 'loss' step_field: 'pretrain.steps' rung_steps: [5, 99999999999]" + grid,
       "rung_steps[1]: field \"pretrain.steps\": does not take"},
  };
  for (const auto& [sweep, message] : wrong) {
    const absl::Status status = ExpandSweeps(WithSweep("sweeps { " + sweep + " }")).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << sweep;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message)) << sweep;
  }
}

TEST(SweepExpansionTest, BoundsTheVariantsOfAGridAndOfAllSweeps) {
  v1::Pipeline pipeline = WithSweep("sweeps { job: 'pretrain' metric: 'loss' }");
  for (const char* field : {"pretrain.seed", "pretrain.steps", "priority"}) {
    auto* parameter = pipeline.mutable_sweeps(0)->add_parameters();
    parameter->set_field(field);
    for (int i = 0; i < 10; ++i) parameter->add_values(std::to_string(i));
  }
  EXPECT_THAT(std::string(ExpandSweeps(pipeline).status().message()), HasSubstr("more than 900 variants"));
  pipeline.mutable_sweeps(0)->mutable_parameters()->RemoveLast();
  EXPECT_TRUE(ExpandSweeps(pipeline).ok());
  pipeline.mutable_sweeps(0)->set_step_field("pretrain.stop_after_steps");
  for (int i = 1; i <= 16; ++i) pipeline.mutable_sweeps(0)->add_rung_steps(static_cast<uint64_t>(i));
  EXPECT_TRUE(ExpandSweeps(pipeline).ok());
}

TEST(SweepExpansionTest, RefusesAJobThatBringsItsPlace) {
  v1::Pipeline pipeline = Parse(kJobs);
  pipeline.mutable_jobs(1)->mutable_sweep()->set_selects(true);
  EXPECT_THAT(std::string(ExpandSweeps(pipeline).status().message()),
              HasSubstr("job \"pretrain\": sweep is set"));
}

TEST(SweepExpansionTest, SetsStringsWithAndWithoutQuotes) {
  v1::JobSpec spec;
  spec.mutable_pretrain();
  ASSERT_TRUE(SetSpecField("pretrain.tokens", "@pack", spec).ok());
  EXPECT_EQ(spec.pretrain().tokens(), "@pack");
  ASSERT_TRUE(SetSpecField("pretrain.tokens", "\"@a\\x62\"", spec).ok());
  EXPECT_EQ(spec.pretrain().tokens(), "@ab");
  ASSERT_TRUE(SetSpecField("pretrain.schedule.shape", "WSD", spec).ok());
  EXPECT_EQ(spec.pretrain().schedule().shape(), v1::Schedule::WSD);
  EXPECT_FALSE(SetSpecField("pretrain.schedule.shape", "ROUND", spec).ok());
}

}  // namespace
}  // namespace bonsai
