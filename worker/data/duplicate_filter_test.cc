#include "worker/data/duplicate_filter.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

v1::Document Text(const std::string& id, const std::string& text) {
  v1::Document document;
  document.set_id(id);
  document.set_text(text);
  return document;
}

v1::Document Instruction(const std::string& instruction, const std::string& input,
                         const std::string& output) {
  v1::Document document;
  document.mutable_instruction()->set_instruction(instruction);
  document.mutable_instruction()->set_input(input);
  document.mutable_instruction()->set_output(output);
  return document;
}

TEST(DuplicateFilter, ComparesContentAndNotIds) {
  DuplicateFilter filter;
  EXPECT_TRUE(filter.IsNew(Text("1", "a")));
  EXPECT_FALSE(filter.IsNew(Text("2", "a")));
  EXPECT_TRUE(filter.IsNew(Text("1", "b")));
  EXPECT_EQ(filter.size(), 2u);
}

TEST(DuplicateFilter, TellsApartFieldsThatJoinToTheSameText) {
  DuplicateFilter filter;
  EXPECT_TRUE(filter.IsNew(Instruction("ab", "", "c")));
  EXPECT_TRUE(filter.IsNew(Instruction("a", "b", "c")));
  EXPECT_TRUE(filter.IsNew(Instruction("ab", "c", "")));
  EXPECT_TRUE(filter.IsNew(Text("", "abc")));
  EXPECT_FALSE(filter.IsNew(Instruction("a", "b", "c")));
}

}  // namespace
}  // namespace bonsai
