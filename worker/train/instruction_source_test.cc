#include "worker/train/instruction_source.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "worker/train/byte_tokenizer_testing.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

v1::Instruction InstructionOf(const std::string& instruction, const std::string& input,
                              const std::string& output) {
  v1::Instruction result;
  result.set_instruction(instruction);
  result.set_input(input);
  result.set_output(output);
  return result;
}

std::string AlpacaPrompt(const v1::Instruction& instruction) {
  return edge::ChatPrompt(edge::ChatTemplate::kAlpaca, instruction.instruction(), instruction.input());
}

// What the loss counts of a row.
std::string Asked(const RowBuffer& buffer, int64_t row) {
  std::vector<int32_t> ids;
  for (int64_t i = row * buffer.positions; i < (row + 1) * buffer.positions; ++i) {
    if (buffer.targets[i] >= 0) ids.push_back(buffer.targets[i]);
  }
  return ByteTokenizer().Decode(ids);
}

TEST(InstructionSource, AsksForTheResponseAndItsEndOnly) {
  InstructionSource source({400, 1, 0});
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
  InstructionSource source({static_cast<uint32_t>(prompt + 3), 1, 0});
  ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", "abc"), ByteTokenizer()).ok());
  EXPECT_EQ(source.truncated(), 0u);
  ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", "abcdefgh"), ByteTokenizer()).ok());
  EXPECT_EQ(source.truncated(), 1u);
  ASSERT_TRUE(source.Add(InstructionOf("Sing, please.", "", "abcdefgh"), ByteTokenizer()).ok());
  ASSERT_TRUE(source.Add(InstructionOf("Sing.", "", ""), ByteTokenizer()).ok());
  EXPECT_EQ(source.dropped(), 2u);
  ASSERT_EQ(source.instructions(), 2u);
  std::set<std::string> asked;
  for (uint64_t step = 0; step < 2; ++step) {
    RowBuffer buffer;
    ASSERT_TRUE(source.Fill(step, 0, 1, &buffer).ok());
    asked.insert(Asked(buffer, 0));
  }
  EXPECT_EQ(asked, (std::set<std::string>{"abc$", "abcd"}));
}

TEST(InstructionSource, RanksShareABatchAndPadTheirOwn) {
  InstructionSource source({400, 4, 7});
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

InstructionSource Packing(uint32_t rows_multiple) {
  InstructionSource source({200, 10, 7, edge::ChatTemplate::kLlama2, true, rows_multiple});
  for (int i = 0; i < 60; ++i) {
    const std::string output = absl::StrCat("n", i, std::string(RandomBits(1, i) % 100, '.'));
    EXPECT_TRUE(source.Add(InstructionOf("Sing.", "", output), ByteTokenizer()).ok());
  }
  return source;
}

// The documents of a row as text: what is read of each, and of that what is asked.
std::multiset<std::pair<std::string, std::string>> Documents(const RowBuffer& rows) {
  std::multiset<std::pair<std::string, std::string>> documents;
  for (int64_t row = 0; row < rows.rows; ++row) {
    std::map<int32_t, std::pair<std::vector<int32_t>, std::vector<int32_t>>> by_begin;
    for (int64_t i = row * rows.positions; i < (row + 1) * rows.positions; ++i) {
      auto& [read, asked] = by_begin[rows.begins[i]];
      read.push_back(rows.tokens[i]);
      if (rows.targets[i] >= 0) asked.push_back(rows.targets[i]);
    }
    for (const auto& [begin, ids] : by_begin) {
      EXPECT_EQ(rows.begins[row * rows.positions + begin], begin);
      if (ids.second.empty()) continue;  // padding
      documents.emplace(ByteTokenizer().Decode(ids.first), ByteTokenizer().Decode(ids.second));
    }
  }
  return documents;
}

TEST(InstructionSource, PacksEveryInstructionOnceInAnEpoch) {
  InstructionSource source = Packing(4);
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::multiset<std::pair<std::string, std::string>> seen;
    for (uint64_t step = 6 * epoch; step < 6 * epoch + 6; ++step) {
      RowBuffer rows;
      const BatchSource::Size size = source.SizeOf(step);
      EXPECT_EQ(size.rows % 4, 0);
      EXPECT_LE(size.rows, 8);
      ASSERT_TRUE(source.Fill(step, 0, size.rows, &rows).ok());
      EXPECT_LE(rows.positions, 200);
      uint64_t asked = 0;
      for (const auto& document : Documents(rows)) {
        EXPECT_EQ(document.first + "$", "^[INST] Sing. [/INST]" + document.second);
        asked += document.second.size();
        seen.insert(document);
      }
      EXPECT_EQ(size.targets, asked);
    }
    EXPECT_EQ(seen.size(), 60u);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 60u);
  }
}

TEST(InstructionSource, AStepsPackedRowsDependOnNothingButTheStep) {
  InstructionSource source = Packing(1), fresh = Packing(1);
  for (const uint64_t step : {5, 2, 1000000007}) {
    RowBuffer all, low, high;
    const int64_t rows = source.SizeOf(step).rows;
    ASSERT_GT(rows, 2);
    ASSERT_TRUE(source.Fill(step, 0, rows, &all).ok());
    ASSERT_TRUE(fresh.Fill(step, 0, 2, &low).ok());
    ASSERT_TRUE(fresh.Fill(step, 2, rows - 2, &high).ok());
    auto shared = Documents(low);
    shared.merge(Documents(high));
    EXPECT_EQ(shared, Documents(all));
  }
}

}  // namespace
}  // namespace bonsai
