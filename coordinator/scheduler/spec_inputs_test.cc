#include "coordinator/scheduler/spec_inputs.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

std::string Inputs(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  std::string found;
  for (const SpecInput& input : ListSpecInputs(spec)) {
    found += input.field + "=" + input.value + "(" + input.kinds + ") ";
  }
  return found;
}

TEST(SpecInputsTest, FindsNestedAndRepeatedFields) {
  EXPECT_EQ(Inputs("data { sources { dataset: '@a' } }"), "") << "no input, though it looks like one";
  EXPECT_EQ(Inputs("pretrain { tokens: '@a' }"),
            "pretrain.tokens=@a(tokens) pretrain.tokenizer=(tokenizer) ");
  EXPECT_EQ(Inputs("evaluate { model: '@m' bits_per_byte { corpus: '@c' xz_reference: '@x' } }"),
            "evaluate.model=@m(model|export) evaluate.bits_per_byte.corpus=@c(corpus) "
            "evaluate.bits_per_byte.xz_reference=@x(corpus) ");
  EXPECT_EQ(Inputs("submission { model: '@m' evaluations: '@e' evaluations: '' benchmarks: '@b' }"),
            "submission.model=@m(export|model) submission.evaluations[0]=@e(evaluation) "
            "submission.evaluations[1]=(evaluation) submission.benchmarks[0]=@b(benchmark) ");
  EXPECT_EQ(Inputs("name: 'x'"), "");
}

TEST(SpecInputsTest, AMixtureTakesThePlaceOfAPacksCorpus) {
  EXPECT_EQ(Inputs("pack { tokenizer: '@t' }"), "pack.corpus=(corpus) pack.tokenizer=@t(tokenizer) ");
  EXPECT_EQ(
      Inputs("pack { tokenizer: '@t' mixture { corpus: '@a' weight: 1 } mixture { weight: 2 } }"),
      "pack.tokenizer=@t(tokenizer) pack.mixture[0].corpus=@a(corpus) pack.mixture[1].corpus=(corpus) ");
}

TEST(SpecInputsTest, LeavesOutWhatMayBeLeftOut) {
  EXPECT_EQ(Inputs("evaluate { bits_per_byte {} }"),
            "evaluate.model=(model|export) evaluate.bits_per_byte.corpus=(corpus) ");
  EXPECT_EQ(Inputs("submission {}"), "submission.model=(export|model) ");
}

}  // namespace
}  // namespace bonsai
