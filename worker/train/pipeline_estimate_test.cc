#include "worker/train/pipeline_estimate.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "edge_runtime/model/json.h"
#include "worker/train/figure_text.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

constexpr char kPipeline[] = R"(
  jobs { name: "tokenizer" tokenizer { corpus: "@corpus" vocab_size: 300 } }
  jobs {
    name: "base"
    resources { ranks: 2 cpus: 1 }
    pretrain {
      tokens: "@pack" tokenizer: "@tokenizer"
      model { dim: 16 layers: 2 heads: 2 hidden_dim: 32 max_seq_len: 32 }
      optimizer { learning_rate: 0.01 } steps: 100 batch_sequences: 4
      validation { tokens: "@heldout" every_steps: 50 }
    }
  }
  jobs {
    name: "tuned"
    sft { model: "@base" corpus: "@chat" optimizer { learning_rate: 0.01 } steps: 10 batch_sequences: 2 }
  }
  jobs {
    name: "other"
    sft { model: "0123456789abcdef" corpus: "@chat" optimizer { learning_rate: 0.01 } steps: 10 batch_sequences: 2 }
  }
)";

v1::Pipeline PipelineOf(const std::string& text) {
  v1::Pipeline pipeline;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pipeline));
  return pipeline;
}

MeasuredSpeed Thousand(const ParameterLayout&, const TrainingPlan&, const RunShape& shape) {
  return {1000.0 * shape.ranks, "made up"};
}

TEST(PipelineEstimate, TellsEachTrainingJobFromItsSpecAndThoseThatItNames) {
  EstimateQuestion question;
  question.price_per_hour = 36;
  const auto jobs = EstimatePipeline(PipelineOf(kPipeline), question, Thousand);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 3u);
  const JobEstimate& base = (*jobs)[0];
  EXPECT_EQ(base.job, "base");
  EXPECT_EQ(base.error, "");
  EXPECT_EQ(base.shape.config.vocab_size, 300);
  EXPECT_EQ(base.run.tokens, 100u * 4 * 32);
  EXPECT_EQ(base.run.validation_tokens, 2u * 64 * 32);
  EXPECT_NEAR(base.run.seconds, (12800 + 4096 / 3.0) / 2000, 1e-9);
  EXPECT_NEAR(base.cost, base.run.seconds * 0.01, 1e-9);
  EXPECT_EQ((*jobs)[1].shape.parameters, base.shape.parameters);
  EXPECT_EQ((*jobs)[1].run.tokens, 10u * 2 * 32);
  EXPECT_THAT((*jobs)[2].error, HasSubstr("sft.model is \"0123456789abcdef\""));
  const std::string text = EstimateText(*jobs);
  EXPECT_THAT(text, HasSubstr("2.00 k tokens/s (made up)"));
  EXPECT_THAT(text, HasSubstr("no estimate: sft.model"));
  std::string error;
  const auto json = edge::JsonValue::Parse(EstimateJson(*jobs), &error);
  ASSERT_TRUE(json) << error;
  EXPECT_EQ(json->Find("jobs")->items().size(), 3u);
  EXPECT_NEAR(json->Find("seconds")->number(), base.run.seconds + (*jobs)[1].run.seconds, 1e-9);
}

TEST(PipelineEstimate, FineTuningIsEstimatedFromAbove) {
  EstimateQuestion question;
  question.price_per_hour = 3600;
  auto jobs = *EstimatePipeline(PipelineOf(kPipeline), question, Thousand);
  EXPECT_FALSE(jobs[0].at_most);
  EXPECT_TRUE(jobs[1].at_most);
  const std::vector<JobEstimate> tuned = {jobs[1]};
  for (const char* line :
       {"  time         at most ", "  tokens       at most 640\n", "  FLOPs        at most ",
        "  cost         at most 0.6400\n", "together: at most "})
    EXPECT_THAT(EstimateText(tuned), HasSubstr(line));
  EXPECT_THAT(EstimateText(tuned), HasSubstr(" of training, at most 0.6400"));
  std::string error;
  const auto json = edge::JsonValue::Parse(EstimateJson(jobs), &error);
  ASSERT_TRUE(json) << error;
  EXPECT_EQ(json->Find("jobs")->items()[0].Find("at_most"), nullptr);
  EXPECT_TRUE(json->Find("jobs")->items()[1].Find("at_most")->boolean());
  EXPECT_TRUE(json->Find("at_most")->boolean());
  jobs.resize(1);
  EXPECT_EQ(EstimateJson(jobs).find("at_most"), std::string::npos);
  EXPECT_THAT(EstimateText(jobs), HasSubstr("together: " + SecondsText(jobs[0].run.seconds)));
}

TEST(PipelineEstimate, AJobThatASweepVariesHasNone) {
  int measured = 0;
  const MeasureSpeed count = [&](const ParameterLayout& layout, const TrainingPlan& plan,
                                 const RunShape& shape) {
    ++measured;
    return Thousand(layout, plan, shape);
  };
  v1::Pipeline pipeline = PipelineOf(kPipeline);
  pipeline.add_sweeps()->set_job("tuned");
  auto jobs = *EstimatePipeline(pipeline, {}, count);
  EXPECT_EQ(jobs[0].error, "");
  EXPECT_EQ(jobs[1].error, "a sweep varies it; valid: a job without one");
  EXPECT_EQ(measured, 1);
  pipeline.mutable_sweeps(0)->set_job("base");
  jobs = *EstimatePipeline(pipeline, {}, count);
  EXPECT_EQ(jobs[0].error, "a sweep varies it; valid: a job without one");
  EXPECT_EQ(jobs[1].error, "a sweep varies @base; valid: a job without one");
  EXPECT_EQ(measured, 1);
}

TEST(PipelineEstimate, AdaptersTakeLessThanAllParameters) {
  v1::Pipeline pipeline = PipelineOf(kPipeline);
  pipeline.mutable_jobs(2)->mutable_sft()->mutable_lora()->set_rank(2);
  const auto whole = EstimatePipeline(PipelineOf(kPipeline), {}, Thousand);
  const auto adapters = EstimatePipeline(pipeline, {}, Thousand);
  ASSERT_TRUE(whole.ok() && adapters.ok());
  // Of each of two layers, A and B of q, k, v, o (16 x 16), gate, up and down (16 x 32).
  EXPECT_EQ((*adapters)[1].shape.trained_parameters, 2 * 2 * (4 * (16 + 16) + 3 * (16 + 32)));
  EXPECT_LT((*adapters)[1].run.checkpoint_bytes, (*whole)[1].run.checkpoint_bytes);
}

TEST(PipelineEstimate, ASpeedThatIsGivenIsNotMeasured) {
  const MeasureSpeed never = [](const ParameterLayout&, const TrainingPlan&, const RunShape&) {
    ADD_FAILURE() << "measured";
    return MeasuredSpeed();
  };
  EstimateQuestion question;
  question.tokens_per_second = 500;
  EXPECT_EQ((*EstimatePipeline(PipelineOf(kPipeline), question, never))[1].run.seconds, 640 / 500.0);
  question.tokens_per_second = 0;
  question.flops = 1e9;
  const auto jobs = EstimatePipeline(PipelineOf(kPipeline), question, never);
  EXPECT_NEAR((*jobs)[1].run.seconds, (*jobs)[1].run.flops / 1e9, 1e-9);
  EXPECT_EQ((*jobs)[1].cost, 0);
}

TEST(PipelineEstimate, SaysWhatIsMissing) {
  EXPECT_THAT(EstimatePipeline(PipelineOf("jobs { name: 'a' data {} }"), {}, Thousand).status().message(),
              HasSubstr("no job that trains"));
  v1::Pipeline pipeline = PipelineOf(kPipeline);
  pipeline.mutable_jobs(1)->mutable_pretrain()->set_tokenizer("0123456789abcdef");
  EXPECT_THAT((*EstimatePipeline(pipeline, {}, Thousand))[0].error, HasSubstr("valid: with --vocab-size"));
  EstimateQuestion question;
  question.vocab_size = 400;
  EXPECT_EQ((*EstimatePipeline(pipeline, question, Thousand))[0].shape.config.vocab_size, 400);
  pipeline.mutable_jobs(1)->mutable_pretrain()->set_steps(0);
  EXPECT_THAT((*EstimatePipeline(pipeline, question, Thousand))[0].error, HasSubstr("pretrain.steps is 0"));
}

}  // namespace
}  // namespace bonsai
