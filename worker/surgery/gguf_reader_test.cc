#include "worker/surgery/gguf_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "worker/surgery/gguf_header.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

absl::StatusOr<GgufFile> Parse(const std::string& bytes) {
  return ParseGguf({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::string Header() {
  GgufHeader header;
  header.AddString("name", "x");
  header.AddUint32("count", 7);
  header.AddFloat("scale", 0.5f);
  header.AddBool("on", true);
  header.AddStrings("words", std::vector<std::string>{"a", "", "bc"});
  header.AddFloats("scores", std::vector<float>{-1, 2.5});
  header.AddInts("types", std::vector<int32_t>{1, -6});
  header.AddTensor("row", std::vector<uint64_t>{3}, GgufType::kF32);
  header.AddTensor("matrix", std::vector<uint64_t>{2, 5}, GgufType::kF16);
  return header.Finish();
}

// 12 bytes of "row", 20 of padding, 20 of "matrix".
std::string File() {
  std::string file = Header();
  const float row[] = {1, 2, 3};
  file.append(reinterpret_cast<const char*>(row), sizeof(row));
  file.append(20, '\0');
  file.append(20, '\x01');
  return file;
}

TEST(GgufReader, ReadsWhatTheHeaderSays) {
  const std::string bytes = File();
  EXPECT_EQ(Header().size() % kGgufAlignment, 0u);
  const auto file = Parse(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->metadata.at("name"), GgufValue("x"));
  EXPECT_EQ(file->metadata.at("count"), GgufValue(int64_t{7}));
  EXPECT_EQ(file->metadata.at("scale"), GgufValue(0.5));
  EXPECT_EQ(file->metadata.at("on"), GgufValue(int64_t{1}));
  EXPECT_EQ(file->metadata.at("words"), GgufValue(std::vector<std::string>{"a", "", "bc"}));
  EXPECT_EQ(file->metadata.at("scores"), GgufValue(std::vector<double>{-1, 2.5}));
  EXPECT_EQ(file->metadata.at("types"), GgufValue(std::vector<int64_t>{1, -6}));
  const edge::TensorView& row = file->tensors.at("row");
  EXPECT_EQ(row.shape, (std::vector<int64_t>{3}));
  float values[3];
  edge::CopyToFloat(row, 0, values);
  EXPECT_EQ(values[2], 3);
  const edge::TensorView& matrix = file->tensors.at("matrix");
  EXPECT_EQ(matrix.shape, (std::vector<int64_t>{5, 2}));
  EXPECT_EQ(matrix.dtype, edge::DType::kF16);
  EXPECT_EQ(matrix.data[0], 1);
}

TEST(GgufReader, AFileThatBreaksOffAnywhereIsRefused) {
  const std::string bytes = File();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(Parse(bytes.substr(0, size)).status().code(), absl::StatusCode::kDataLoss) << size;
}

TEST(GgufReader, ErrorsSayWhatIsWrong) {
  const std::string bytes = File();
  const auto with = [&bytes](size_t at, char value) {
    std::string changed = bytes;
    changed[at] = value;
    return changed;
  };
  EXPECT_THAT(std::string(Parse(with(0, 'g')).status().message()), HasSubstr("no GGUF file"));
  EXPECT_THAT(std::string(Parse(with(4, 2)).status().message()), HasSubstr("version 2; 3 is known"));
  EXPECT_THAT(std::string(Parse(with(15, 1)).status().message()), HasSubstr("more than a model has"));
  // The first key: 8 bytes of length, "name", the type.
  EXPECT_THAT(std::string(Parse(with(36, 99)).status().message()),
              HasSubstr("the value of name has the type 99"));
  GgufHeader twice;
  twice.AddBool("a", true);
  twice.AddBool("a", true);
  EXPECT_THAT(std::string(Parse(twice.Finish()).status().message()), HasSubstr("a comes twice"));
}

}  // namespace
}  // namespace bonsai
