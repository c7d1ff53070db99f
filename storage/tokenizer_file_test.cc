#include "storage/tokenizer_file.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

TEST(TokenizerFile, IsTheOneThatIsThere) {
  v1::Manifest manifest;
  EXPECT_EQ(TokenizerFileName(manifest), "tokenizer.model");
  manifest.add_files()->set_path("tokenizer.model");
  EXPECT_EQ(TokenizerFileName(manifest), "tokenizer.model");
  manifest.mutable_files(0)->set_path("tokenizer.json");
  EXPECT_EQ(TokenizerFileName(manifest), "tokenizer.json");
}

}  // namespace
}  // namespace bonsai
