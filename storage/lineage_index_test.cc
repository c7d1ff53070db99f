#include "storage/lineage_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

v1::Lineage From(const std::vector<std::string>& inputs, const std::vector<std::string>& sources = {}) {
  v1::Lineage lineage;
  for (const std::string& input : inputs) lineage.add_inputs()->set_artifact_id(input);
  for (const std::string& source : sources) lineage.add_sources()->set_sha256(source);
  return lineage;
}

TEST(LineageIndexTest, GivesAllThatCameOfAnArtifactNearestFirstAndEachOnce) {
  LineageIndex index;
  index.Add("model", From({"tokens", "tokenizer"}));
  index.Add("tokens", From({"corpus", "tokenizer"}));
  index.Add("tokenizer", From({"corpus"}));
  index.Add("report", From({"model"}));
  index.Add("unrelated", From({"other"}));
  EXPECT_THAT(index.DescendantsOf("corpus"), ElementsAre("tokenizer", "tokens", "model", "report"));
  EXPECT_THAT(index.DescendantsOf("model"), ElementsAre("report"));
  EXPECT_THAT(index.DescendantsOf("report"), IsEmpty());
}

TEST(LineageIndexTest, BeginsAtASourceFileToo) {
  const std::string file(64, 'f');
  LineageIndex index;
  index.Add("a", From({}, {file}));
  index.Add("b", From({}, {file, "not a digest"}));
  index.Add("model", From({"b"}));
  EXPECT_TRUE(index.HasSource(file));
  EXPECT_FALSE(index.HasSource("not a digest"));
  EXPECT_THAT(index.DescendantsOf(file), ElementsAre("a", "b", "model"));
}

TEST(LineageIndexTest, WhatIsRemovedIsNoDescendant) {
  const std::string file(64, 'f');
  LineageIndex index;
  index.Add("a", From({"x"}, {file}));
  index.Remove("a");
  index.Remove("a");
  EXPECT_FALSE(index.HasSource(file));
  EXPECT_THAT(index.DescendantsOf("x"), IsEmpty());
}

// Manifests are named by digests, so that honest ones have no circles; a made-up one must not hang us.
TEST(LineageIndexTest, ACircleEnds) {
  LineageIndex index;
  index.Add("a", From({"b"}));
  index.Add("b", From({"a"}));
  EXPECT_THAT(index.DescendantsOf("a"), ElementsAre("b"));
}

}  // namespace
}  // namespace bonsai
