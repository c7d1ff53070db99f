#include "coordinator/scheduler/pipeline_check.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kId(64, 'a');

absl::StatusOr<CheckedPipeline> CheckText(const std::string& text, bool schedule = false) {
  v1::Pipeline pipeline;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pipeline)) << text;
  PipelineCheckContext context;
  context.artifact_kind = [](absl::string_view id) {
    return id == kId ? std::optional<std::string>("corpus") : std::nullopt;
  };
  v1::Track& track = context.tracks.emplace_back();
  track.set_name("from_scratch");
  track.add_allowed_datasets("c4");
  context.tracks.emplace_back().set_name("open");
  v1::Track& dated = context.tracks.emplace_back();
  dated.set_name("dated");
  dated.set_latest_source_day("2024-05-30");
  context.schedule = schedule;
  return CheckPipeline(pipeline, context);
}

std::string Problems(const std::string& text) {
  const auto checked = CheckText(text);
  EXPECT_TRUE(checked.ok() || absl::IsInvalidArgument(checked.status())) << checked.status();
  return std::string(checked.status().message());
}

std::string Data(const std::string& name, const std::string& dataset = "c4") {
  return "jobs { name: '" + name + "' data { sources { dataset: '" + dataset +
         "' format: C4_JSON_GZ paths: 'x' } } } ";
}
std::string Tokenizer(const std::string& name, const std::string& corpus) {
  return "jobs { name: '" + name + "' tokenizer { corpus: '" + corpus + "' vocab_size: 400 } } ";
}
std::string Pack(const std::string& name, const std::string& corpus, const std::string& tokenizer) {
  return "jobs { name: '" + name + "' pack { corpus: '" + corpus + "' tokenizer: '" + tokenizer + "' } } ";
}
std::string Pretrain() {
  return "jobs { name: 'pretrain' pretrain { tokens: '@pack' tokenizer: '@tok' model { dim: 8 layers: 1 "
         "heads: 1 "
         "hidden_dim: 8 max_seq_len: 8 } optimizer { learning_rate: 0.1 } steps: 1 batch_sequences: 1 } } ";
}
std::string Submission(const std::string& track) {
  return "jobs { name: 'row' submission { name: 'n' track: '" + track + "' model: '@pretrain' } } ";
}

TEST(PipelineCheckTest, ResolvesInputsAndOrdersTheJobs) {
  const auto checked = CheckText(Pack("pack", "@data", "@tok") + Tokenizer("tok", kId) + Data("data"));
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_THAT(checked->order, ElementsAre("tok", "data", "pack"));
  ASSERT_EQ(checked->inputs.size(), 3u);
  ASSERT_EQ(checked->inputs[0].size(), 2u);
  EXPECT_EQ(checked->inputs[0][0].field(), "pack.corpus");
  EXPECT_EQ(checked->inputs[0][0].job_id(), "data");
  EXPECT_EQ(checked->inputs[0][0].artifact_id(), "");
  EXPECT_EQ(checked->inputs[0][0].kinds(), "corpus");
  EXPECT_EQ(checked->inputs[1][0].artifact_id(), kId);
  EXPECT_EQ(checked->inputs[1][0].job_id(), "");
  EXPECT_TRUE(checked->inputs[2].empty());
}

std::string Evaluate(const std::string& rest) {
  return "jobs { name: 'eval' evaluate { model: '@pretrain' bits_per_byte { corpus: '@data' } " + rest +
         " } } ";
}

TEST(PipelineCheckTest, AScheduleMayNameWhatItsLastRunMade) {
  const std::string jobs =
      Data("data") + Tokenizer("tok", "@data") + Pack("pack", "@data", "@tok") + Pretrain();
  const std::string good = jobs + Evaluate("compare_with: '@last:eval'");
  EXPECT_TRUE(CheckText(good, true).ok()) << CheckText(good, true).status();
  EXPECT_THAT(std::string(CheckText(good, false).status().message()),
              HasSubstr("evaluate.compare_with is \"@last:eval\": stands for an output of a schedule's run"));
  const std::pair<std::string, std::string> rows[] = {
      {jobs + Evaluate("compare_with: '@last:evil'"),
       "there is no job of that name; did you mean \"@eval\"?"},
      {jobs + Evaluate("compare_with: '@last:data'"), "takes evaluation, but data gives corpus"},
      {Data("data") + Tokenizer("tok", "@last:data"), "may only be told of an input that can be left out"},
  };
  for (const auto& [text, problem] : rows) {
    EXPECT_THAT(std::string(CheckText(text, true).status().message()), HasSubstr(problem));
  }
}

TEST(PipelineCheckTest, ReuseNeedsToKnowTheBytesThatItReads) {
  EXPECT_THAT(
      Problems("jobs { name: 'a' reuse: true data { sources { dataset: 'c4' format: C4_JSON_GZ paths: "
               "'x' } } }"),
      HasSubstr("job \"a\": data.sources[0].sha256 is missing"));
  EXPECT_EQ(Problems("jobs { name: 'a' reuse: true data { sources { dataset: 'c4' format: C4_JSON_GZ paths: "
                     "'x' sha256: '" +
                     kId + "' } } }"),
            "");
}

TEST(PipelineCheckTest, ATrackRefusesWhatWasPublishedTooLate) {
  const auto with = [](const std::string& published) {
    return "jobs { name: 'data' data { sources { dataset: 'c4' format: C4_JSON_GZ paths: 'x' published: '" +
           published + "' } } } " + Tokenizer("tok", "@data") + Pack("pack", "@data", "@tok") + Pretrain() +
           Submission("dated");
  };
  EXPECT_EQ(Problems(with("2024-05-30")), "");
  EXPECT_THAT(
      Problems(with("2024-05-31")),
      HasSubstr("the track takes what was published until 2024-05-30; c4 was published on 2024-05-31"));
  EXPECT_THAT(Problems(with("")), HasSubstr("c4 says no day on which it was published"));
}

TEST(PipelineCheckTest, NamesJobFieldValueAndWhatIsValid) {
  const std::pair<std::string, std::string> rows[] = {
      {"", "pipeline: jobs is empty: must have at least one job"},
      {Data("Upper"),
       "pipeline: jobs[0].name is \"Upper\": must have 1 to 64 of the characters a-z, 0-9, '_' and '-'"},
      {Data(""), "pipeline: jobs[0].name is \"\": must have 1 to 64"},
      {Data(std::string(65, 'x')), "pipeline: jobs[0].name is \"xxx"},
      {Data("a") + Data("a"),
       "pipeline: jobs[1].name is \"a\": is the name of jobs[0] too: names must differ"},
      {"jobs { name: 'a' }", "job \"a\": has no spec: must have one of data, tokenizer, pack, pretrain, sft"},
      {Data("corpus") + Tokenizer("t", "@corpsu"),
       "job \"t\": tokenizer.corpus is \"@corpsu\": there is no job of that name; did you mean \"@corpus\"?"},
      {Data("corpus") + Tokenizer("t", "@zzzzzz"), "there is no job of that name; there are: corpus, t"},
      {Data("corpus") + Tokenizer("t", "corpus"),
       "or an artifact's id of 64 hexadecimal digits; did you mean \"@corpus\"?"},
      {Tokenizer("t", ""), "job \"t\": tokenizer.corpus is missing: must name a job that gives corpus"},
      {Tokenizer("t", "@t"), "job \"t\": tokenizer.corpus is \"@t\": a job cannot take its own output"},
      {Tokenizer("t", std::string(64, 'b')), "there is no artifact of that id"},
      {Pack("p", kId, kId),
       "job \"p\": pack.tokenizer takes tokenizer, but artifact " + kId + " is of kind corpus"},
      {Data("d") + "jobs { name: 'e' export { model: '@d' formats: LLAMA2C } }",
       "job \"e\": export.model takes model, but @d gives corpus"},
      {Data("d") + "jobs { name: 'b' build { model: '@d' target: 'host' } }",
       "job \"b\": build.model takes export or model, but @d gives corpus"},
      {Data("d") +
           "jobs { name: 'e' evaluate { model: '@d' commonsenseqa { profile: 'lmeval' corpus: '@d' } } }",
       "job \"e\": evaluate.model takes model or export, but @d gives corpus"},
  };
  for (const auto& [text, problem] : rows) {
    const std::string problems = Problems(text);
    EXPECT_THAT(problems, HasSubstr(problem)) << text;
    EXPECT_EQ(problems.find('\n'), std::string::npos) << problems;
  }
}

TEST(PipelineCheckTest, PrintsACircle) {
  // No two kinds take each other's outputs, so a circle comes with wrong kinds: both are told.
  const std::string problems = Problems(Tokenizer("a", "@b") + Pack("b", "@c", "@c") + Tokenizer("c", "@a"));
  EXPECT_THAT(problems, HasSubstr("pipeline: these jobs wait for each other in a circle: a -> b -> c -> a"));
}

TEST(PipelineCheckTest, ListsEveryProblemOnALineOfItsOwn) {
  const std::string problems = Problems("jobs { name: 't' tokenizer { vocab_size: 1 } max_attempts: 1000 }" +
                                        Tokenizer("u", "@nobody"));
  EXPECT_THAT(problems, HasSubstr("job \"t\": tokenizer.vocab_size is 1"));
  EXPECT_THAT(problems, HasSubstr("\njob \"t\": tokenizer.corpus is missing"));
  EXPECT_THAT(problems, HasSubstr("max_attempts is 1000"));
  EXPECT_THAT(problems, HasSubstr("\njob \"u\": tokenizer.corpus is \"@nobody\""));
}

TEST(PipelineCheckTest, BoundsTheNumberOfJobs) {
  std::string text;
  for (int i = 0; i <= 1000; ++i) text += Data("d" + std::to_string(i));
  EXPECT_EQ(Problems(text), "pipeline: jobs has 1001 entries: must have at most 1000");
}

TEST(PipelineCheckTest, ABenchmarkRunsOnTheTargetItsBundleIsBuiltFor) {
  const std::string build = Data("corpus") + Tokenizer("tok", "@corpus") + Pack("pack", "@corpus", "@tok") +
                            Pretrain() + "jobs { name: 'b' build { model: '@pretrain' target: 'duo-64m' } } ";
  const auto bench = [](const std::string& target) {
    return "jobs { name: 'x' benchmark { bundle: '@b' target: '" + target + "' decode_tokens: 1 runs: 1 } }";
  };
  EXPECT_EQ(Problems(build + bench("duo-64m")), "");
  EXPECT_EQ(Problems(build + bench("host")),
            "job \"x\": benchmark.target is \"host\": @b builds for \"duo-64m\"");
}

TEST(PipelineCheckTest, AModelThatIsNoLlamaIsNotExportedNotEvenFineTuned) {
  const auto pipeline = [](const std::string& option, const std::string& model) {
    std::string pretrain = Pretrain();
    pretrain.replace(pretrain.find("dim: 8"), 0, option + " ");
    return Data("corpus") + Tokenizer("tok", "@corpus") + Pack("pack", "@corpus", "@tok") + pretrain +
           "jobs { name: 'sft' sft { model: '@pretrain' corpus: '@corpus' optimizer { learning_rate: 0.1 } "
           "steps: 1 batch_sequences: 1 } } jobs { name: 'x' export { model: '" +
           model + "' formats: HUGGING_FACE } }";
  };
  for (const std::string model : {"@pretrain", "@sft"}) {
    EXPECT_EQ(Problems(pipeline("layers_per_weights: 1", model)), "");
    EXPECT_EQ(Problems(pipeline("qk_norm: true", model)),
              "job \"x\": export.model comes from @pretrain, whose pretrain.model.qk_norm is true: neither "
              "LlamaForCausalLM nor llama2.c computes that; evaluate and build take such a model as it is");
    EXPECT_THAT(Problems(pipeline("activation: RELU_SQUARED", model)),
                HasSubstr("activation is RELU_SQUARED"));
    EXPECT_THAT(Problems(pipeline("logit_soft_cap: 30", model)), HasSubstr("logit_soft_cap is 30"));
  }
  EXPECT_THAT(Problems("jobs { name: 'a' sft { model: '@b' } } jobs { name: 'b' sft { model: '@a' } } "
                       "jobs { name: 'x' export { model: '@a' formats: LLAMA2C } }"),
              HasSubstr("circle"));
}

TEST(PipelineCheckTest, AByteLevelTokenizerIsNotExportedToLlama2c) {
  const auto pipeline = [](const std::string& algorithm, const std::string& formats) {
    std::string tokenizer = Tokenizer("tok", "@corpus");
    tokenizer.replace(tokenizer.find("vocab_size"), 0, "algorithm: " + algorithm + " ");
    return Data("corpus") + tokenizer + Pack("pack", "@corpus", "@tok") + Pretrain() +
           "jobs { name: 'sft' sft { model: '@pretrain' corpus: '@corpus' optimizer { learning_rate: 0.1 } "
           "steps: 1 batch_sequences: 1 } } jobs { name: 'x' export { model: '@sft' formats: " +
           formats + " } }";
  };
  EXPECT_EQ(Problems(pipeline("BYTE_LEVEL_BPE", "[HUGGING_FACE, LLAMA2C]")),
            "job \"x\": export.formats has LLAMA2C, whose tokenizer.bin has no byte-level merges; @tok is "
            "BYTE_LEVEL_BPE: must be HUGGING_FACE alone");
  EXPECT_EQ(Problems(pipeline("BYTE_LEVEL_BPE", "HUGGING_FACE")), "");
  EXPECT_EQ(Problems(pipeline("SENTENCEPIECE_BPE", "[HUGGING_FACE, LLAMA2C]")), "");
}

TEST(PipelineCheckTest, ATrackForbidsDataOfTheModelAndNoOther) {
  const auto pipeline = [](const std::string& train, const std::string& track) {
    return Data("corpus", train) + Tokenizer("tok", "@corpus") + Pack("pack", "@corpus", "@tok") +
           Pretrain() + Data("questions", "commonsenseqa") + Submission(track);
  };
  EXPECT_EQ(Problems(pipeline("c4", "from_scratch")), "");
  EXPECT_EQ(Problems(pipeline("pile", "open")), "");
  EXPECT_EQ(Problems(pipeline("pile", "from_scratch")),
            "job \"row\": submission.track is \"from_scratch\": the track does not allow data set \"pile\", "
            "which job "
            "\"corpus\" reads for the model; it allows: c4");
  EXPECT_EQ(Problems(pipeline("c4", "nowhere")),
            "job \"row\": submission.track is \"nowhere\": must be one of: from_scratch, open, dated");
}

TEST(PipelineCheckTest, ATrackLooksThroughEveryInputOfTheModel) {
  const std::string problems =
      Problems(Data("corpus") + Data("words", "pile") + Tokenizer("tok", "@words") +
               Pack("pack", "@corpus", "@tok") + Pretrain() + Submission("from_scratch"));
  EXPECT_THAT(problems, HasSubstr("does not allow data set \"pile\", which job \"words\" reads"));
  EXPECT_THAT(problems, Not(HasSubstr("\"c4\",")));
}

std::string Sweep(const std::string& values) {
  return "sweeps { job: 'pretrain' metric: 'loss' parameters { field: 'pretrain.optimizer.learning_rate' "
         "values: [" +
         values + "] } }";
}

TEST(PipelineCheckTest, ASplitEvaluationTakesItsPartsAnswers) {
  const std::string pretrain =
      Data("data") + Tokenizer("tok", "@data") + Pack("pack", "@data", "@tok") + Pretrain();
  const auto checked = CheckText(
      pretrain +
      "jobs { name: 'judge' evaluate { model: '@pretrain' split: 2 bits_per_byte { corpus: '@data' } } }" +
      "jobs { name: 'row' submission { name: 'n' track: 'open' model: '@pretrain' evaluations: '@judge' } }");
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_THAT(checked->order,
              ElementsAre("data", "tok", "pack", "pretrain", "judge-0", "judge-1", "judge", "row"));
  std::vector<std::string> inputs;
  for (const v1::ResolvedInput& input : checked->inputs[6])
    inputs.push_back(input.field() + " @" + input.job_id() + " " + input.kinds());
  EXPECT_THAT(
      inputs,
      ElementsAre("evaluate.model @pretrain model|export", "evaluate.bits_per_byte.corpus @data corpus",
                  "evaluate.answers[0] @judge-0 answers", "evaluate.answers[1] @judge-1 answers"));
  // A part is no evaluation, and an evaluation no part.
  EXPECT_THAT(Problems(pretrain +
                       "jobs { name: 'judge' evaluate { model: '@pretrain' split: 2 "
                       "bits_per_byte { corpus: '@data' } } }" +
                       "jobs { name: 'row' submission { name: 'n' track: 'open' model: '@pretrain' "
                       "evaluations: '@judge-1' } }"),
              HasSubstr("submission.evaluations[0] takes evaluation, but @judge-1 gives answers"));
  EXPECT_THAT(
      Problems(pretrain + "jobs { name: 'judge' evaluate { model: '@pretrain' answers: '@pretrain' } }"),
      HasSubstr("job \"judge\": evaluate.answers is set"));
}

TEST(PipelineCheckTest, ChecksEachVariantOfASweepAndOrdersTheJobThatSelectsAfterThem) {
  const std::string jobs = Pack("pack", "@data", "@tok") + Tokenizer("tok", kId) + Data("data") + Pretrain() +
                           "jobs { name: 'export' export { model: '@pretrain' formats: HUGGING_FACE } } ";
  const auto checked = CheckText(jobs + Sweep("'0.1', '0.2'"));
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_THAT(checked->order,
              ElementsAre("tok", "data", "pack", "pretrain-0", "pretrain-1", "pretrain", "export"));
  ASSERT_EQ(checked->pipeline.jobs_size(), 7);
  EXPECT_EQ(checked->inputs.size(), 7u);
  EXPECT_THAT(Problems(jobs + Sweep("'0.1', '-3'")), HasSubstr("job \"pretrain-1\": pretrain.optimizer"));
  EXPECT_THAT(Problems(jobs + Sweep("'0.1', 'x'")), HasSubstr("sweep of \"pretrain\": field"));
  EXPECT_THAT(Problems(jobs + Data("pretrain-1") + Sweep("'0.1', '0.2'")), HasSubstr("names must differ"));
}

}  // namespace
}  // namespace bonsai
