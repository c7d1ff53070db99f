#include "edge_runtime/engine/runnable_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "edge_runtime/engine/bundle.h"
#include "edge_runtime/model/model_fixture.h"

namespace bonsai::edge {
namespace {

using ::testing::HasSubstr;

// JSON, but of no kind that is supported: a step that takes digits apart.
constexpr char kOtherTokenizer[] =
    R"({"pre_tokenizer": {"type": "Digits", "individual_digits": true}, "model": {"type": "BPE"}})";

// A folder with the fixture's model and one tokenizer file.
std::string Folder(const std::string& name, const std::string& tokenizer_file, const std::string& bytes) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::create_directories(folder);
  auto files = FixtureFiles(FixtureConfig(), 1);
  files.erase(kBundleTokenizer);
  files[tokenizer_file] = bytes;
  for (const auto& [file, content] : files) std::ofstream(folder + "/" + file, std::ios::binary) << content;
  return folder;
}

TEST(RunnableModel, OpensAFolderWithEitherKindOfTokenizer) {
  for (const auto& [file, bytes] : {std::pair<std::string, std::string>{kBundleTokenizer, FixtureTokenizer()},
                                    {kBundleTokenizerJson, FixtureTokenizerJson()}}) {
    RunnableModel runnable;
    std::string error;
    ASSERT_TRUE(OpenModel(Folder("good_" + file, file, bytes), &runnable, &error)) << error;
    EXPECT_NE(runnable.tokenizer, nullptr);
    EXPECT_EQ(runnable.tokenizer_error, "");
  }
}

TEST(RunnableModel, ATokenizerJsonOfAnotherKindIsToldAndLeavesTheModel) {
  RunnableModel runnable;
  std::string error;
  const std::string folder = Folder("other", kBundleTokenizerJson, kOtherTokenizer);
  ASSERT_TRUE(OpenModel(folder, &runnable, &error)) << error;
  EXPECT_NE(runnable.model, nullptr);
  EXPECT_EQ(runnable.tokenizer, nullptr);
  EXPECT_THAT(runnable.tokenizer_error, HasSubstr(folder + "/tokenizer.json: "));
  EXPECT_THAT(runnable.tokenizer_error, HasSubstr("Digits"));
}

TEST(RunnableModel, AMalformedTokenizerModelIsRefused) {
  RunnableModel runnable;
  std::string error;
  EXPECT_FALSE(OpenModel(Folder("bad", kBundleTokenizer, "\xFF\xFF"), &runnable, &error));
  EXPECT_THAT(error, HasSubstr("/tokenizer.model: "));
}

TEST(RunnableModel, ATokenizerJsonWithMorePiecesThanTheModelIsRefused) {
  ModelConfig config = FixtureConfig();
  config.vocab_size = 10;
  const std::string folder = Folder("more", kBundleTokenizerJson, FixtureTokenizerJson());
  for (const auto& [file, content] : FixtureFiles(config, 1)) {
    if (file != kBundleTokenizer) std::ofstream(folder + "/" + file, std::ios::binary) << content;
  }
  RunnableModel runnable;
  std::string error;
  EXPECT_FALSE(OpenModel(folder, &runnable, &error));
  EXPECT_THAT(error, HasSubstr("the model a vocabulary of 10"));
}

}  // namespace
}  // namespace bonsai::edge
