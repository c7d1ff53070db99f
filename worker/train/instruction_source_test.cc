#include "worker/train/instruction_source.h"

#include <gtest/gtest.h>

#include <set>

namespace bonsai {
namespace {

// One id for each byte, above BOS 1 and EOS 2.
class ByteTokenizer final : public edge::Tokenizer {
 public:
  int32_t vocab_size() const override { return 259; }
  int32_t bos_id() const override { return 1; }
  int32_t eos_id() const override { return 2; }
  int32_t unk_id() const override { return 0; }
  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(3 + static_cast<uint8_t>(c));
    return ids;
  }
  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (const int32_t id : ids) text += id < 3 ? (id == 2 ? '$' : '^') : static_cast<char>(id - 3);
    return text;
  }
  std::string DecodePiece(int32_t, int32_t) const override { return ""; }
  std::string_view Piece(int32_t) const override { return ""; }
  float Score(int32_t) const override { return 0; }
};

v1::Instruction InstructionOf(const std::string& instruction, const std::string& input,
                              const std::string& output) {
  v1::Instruction result;
  result.set_instruction(instruction);
  result.set_input(input);
  result.set_output(output);
  return result;
}

// What the loss counts of a row.
std::string Asked(const RowBuffer& buffer, int64_t row) {
  std::vector<int32_t> ids;
  for (int64_t i = row * buffer.positions; i < (row + 1) * buffer.positions; ++i) {
    if (buffer.targets[i] >= 0) ids.push_back(buffer.targets[i]);
  }
  return ByteTokenizer().Decode(ids);
}

TEST(AlpacaPrompt, IsThePublishedTemplate) {
  EXPECT_EQ(
      AlpacaPrompt(InstructionOf("Add.", "1 2", "3")),
      "Below is an instruction that describes a task, paired with an input that provides further context. "
      "Write a "
      "response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n"
      "### Response:");
  EXPECT_EQ(
      AlpacaPrompt(InstructionOf("Sing.", "", "La")),
      "Below is an instruction that describes a task. Write a response that appropriately completes the "
      "request.\n\n### Instruction:\nSing.\n\n### Response:");
}

TEST(InstructionSource, AsksForTheResponseAndItsEndOnly) {
  InstructionSource source(400, 1, 0);
  const v1::Instruction instruction = InstructionOf("Sing.", "", "La la");
  ASSERT_TRUE(source.Add(instruction, ByteTokenizer()).ok());
  RowBuffer buffer;
  ASSERT_TRUE(source.Fill(0, 0, 1, &buffer).ok());
  EXPECT_EQ(Asked(buffer, 0), "La la$");
  EXPECT_EQ(ByteTokenizer().Decode(buffer.tokens), "^" + AlpacaPrompt(instruction) + "La la");
  // A target is the token that follows.
  for (size_t i = 0; i + 1 < buffer.tokens.size(); ++i) {
    if (buffer.targets[i] >= 0) {
      EXPECT_EQ(buffer.targets[i], buffer.tokens[i + 1]);
    }
  }
  EXPECT_EQ(source.SizeOf(0).targets, 6u);
  EXPECT_EQ(source.SizeOf(0).tokens, buffer.tokens.size());
}

TEST(InstructionSource, CutsResponsesAndDropsWhatLeavesNoRoom) {
  const size_t prompt = AlpacaPrompt(InstructionOf("Sing.", "", "x")).size() + 1;
  InstructionSource source(static_cast<uint32_t>(prompt + 3), 1, 0);
  ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", "abc"), ByteTokenizer()).ok());
  EXPECT_EQ(source.truncated(), 0u);
  ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", "abcdefgh"), ByteTokenizer()).ok());
  EXPECT_EQ(source.truncated(), 1u);
  ASSERT_TRUE(source.Add(InstructionOf("Sing, please.", "", "abcdefgh"), ByteTokenizer()).ok());
  ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", ""), ByteTokenizer()).ok());
  EXPECT_EQ(source.dropped(), 2u);
  ASSERT_EQ(source.rows(), 2u);
  std::set<std::string> asked;
  for (uint64_t step = 0; step < 2; ++step) {
    RowBuffer buffer;
    ASSERT_TRUE(source.Fill(step, 0, 1, &buffer).ok());
    asked.insert(Asked(buffer, 0));
  }
  EXPECT_EQ(asked, (std::set<std::string>{"abc$", "abcd"}));
}

TEST(InstructionSource, RanksShareABatchAndPadTheirOwn) {
  InstructionSource source(400, 4, 7);
  for (const char* output : {"a", "bb", "ccc", "dddd"}) {
    ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", output), ByteTokenizer()).ok());
  }
  for (uint64_t step = 0; step < 3; ++step) {
    RowBuffer all, low, high;
    ASSERT_TRUE(source.Fill(step, 0, 4, &all).ok());
    ASSERT_TRUE(source.Fill(step, 0, 2, &low).ok());
    ASSERT_TRUE(source.Fill(step, 2, 2, &high).ok());
    std::set<std::string> asked;
    uint64_t targets = 0;
    for (int64_t row = 0; row < 4; ++row) {
      EXPECT_EQ(Asked(all, row), row < 2 ? Asked(low, row) : Asked(high, row - 2));
      asked.insert(Asked(all, row));
      targets += Asked(all, row).size();
    }
    EXPECT_EQ(asked.size(), 4u);  // a batch is one epoch here
    EXPECT_EQ(source.SizeOf(step).targets, targets);
  }
}

}  // namespace
}  // namespace bonsai
