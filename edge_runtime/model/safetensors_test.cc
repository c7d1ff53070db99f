#include "edge_runtime/model/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"

namespace bonsai::edge {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string File(const std::string& header, size_t data_bytes) {
  std::string out;
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(header.size() >> (8 * i) & 0xFF));
  return out + header + std::string(data_bytes, '\1');
}

std::string ErrorOf(const std::string& file) {
  std::map<std::string, TensorView> tensors;
  std::string error;
  EXPECT_FALSE(ParseSafetensors(Bytes(file), &tensors, &error));
  EXPECT_TRUE(tensors.empty());
  return error;
}

TEST(SafetensorsTest, ReadsWhatItWrites) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<uint8_t> b = {0x00, 0x3C, 0x80, 0x3F};
  const std::span<const uint8_t> a_bytes(reinterpret_cast<const uint8_t*>(a.data()), 24);
  std::string file =
      WriteSafetensorsHeader({{"a", {DType::kF32, {2, 3}, a_bytes}}, {"b", {DType::kF16, {2}, b}}});
  EXPECT_EQ(file.size() % 64, 0u);
  file.append(reinterpret_cast<const char*>(a.data()), 24).append(b.begin(), b.end());
  std::map<std::string, TensorView> tensors;
  std::string error;
  ASSERT_TRUE(ParseSafetensors(Bytes(file), &tensors, &error)) << error;
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors["a"].shape, (std::vector<int64_t>{2, 3}));
  std::vector<float> read(4);
  CopyToFloat(tensors["a"], 2, read);
  EXPECT_EQ(read, (std::vector<float>{3, 4, 5, 6}));
  EXPECT_EQ(CountElements(tensors["b"]), 2u);
}

TEST(SafetensorsTest, ReadsAFileOfTheOriginalLibrary) {
  BONSAI_FIND_TEST_DATA(path, "models/tiny_llama_hf_random/model.safetensors");
  std::string error;
  const auto file = MappedFile::Open(path, &error);
  std::map<std::string, TensorView> tensors;
  ASSERT_TRUE(ParseSafetensors(file->bytes(), &tensors, &error)) << error;
  EXPECT_EQ(tensors.size(), 13u);  // the weights and a table of rotary frequencies that nothing needs
  EXPECT_EQ(tensors["lm_head.weight"].shape, (std::vector<int64_t>{32000, 16}));
}

TEST(SafetensorsTest, WidensHalvesExactly) {
  // Against the C library's arithmetic for every finite half.
  std::vector<uint8_t> bytes;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    bytes.push_back(static_cast<uint8_t>(bits));
    bytes.push_back(static_cast<uint8_t>(bits >> 8));
  }
  std::vector<float> half(0x10000), bfloat(0x10000);
  CopyToFloat({DType::kF16, {0x10000}, bytes}, 0, half);
  CopyToFloat({DType::kBF16, {0x10000}, bytes}, 0, bfloat);
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31), mantissa = static_cast<int>(bits & 0x3FF);
    const float sign = bits & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(half[bits]), mantissa != 0);
      EXPECT_EQ(std::isinf(half[bits]), mantissa == 0);
    } else {
      const float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                        : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
      ASSERT_EQ(half[bits], sign * value) << bits;
      ASSERT_EQ(std::signbit(half[bits]), sign < 0) << bits;
    }
    uint32_t wide;
    std::memcpy(&wide, &bfloat[bits], 4);
    ASSERT_EQ(wide, bits << 16);
  }
}

TEST(SafetensorsTest, NamesTheTensorAndFieldOfAnError) {
  const std::string good = R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_NE(ErrorOf(File(good, 7)).find("tensor \"t\": data_offsets [0, 8] reach beyond the 7 bytes"),
            std::string::npos);
  EXPECT_NE(ErrorOf(File(good, 9)).find("end at byte 8 of the data, which has 9"), std::string::npos);
  const auto error = [](const std::string& tensor) { return ErrorOf(File("{\"t\":" + tensor + "}", 8)); };
  EXPECT_NE(error(R"({"dtype":"I64","shape":[1],"data_offsets":[0,8]})").find("dtype is \"I64\""),
            std::string::npos);
  EXPECT_NE(error(R"({"shape":[1],"data_offsets":[0,8]})").find("dtype is missing"), std::string::npos);
  EXPECT_NE(error(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,8]})").find("shape"), std::string::npos);
  EXPECT_NE(error(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})").find("shape"),
            std::string::npos);
  EXPECT_NE(error(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})")
                .find("hold 8 bytes; shape and dtype need 12"),
            std::string::npos);
  EXPECT_NE(error(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})").find("data_offsets"),
            std::string::npos);
  EXPECT_NE(error(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})").find("data_offsets"),
            std::string::npos);
  EXPECT_NE(error(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})").find("gap"), std::string::npos);
  EXPECT_NE(error(R"(5)").find("tensor \"t\""), std::string::npos);
}

TEST(SafetensorsTest, RefusesOverlapsAndBadHeaders) {
  EXPECT_NE(ErrorOf(File(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                         R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                         12))
                .find("inside the tensor before"),
            std::string::npos);
  EXPECT_NE(ErrorOf("1234567").find("7 bytes"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10)).find("header's length"),
            std::string::npos);
  EXPECT_NE(ErrorOf(File("[]", 0)).find("must be an object"), std::string::npos);
  EXPECT_NE(ErrorOf(File("{\"a\"", 0)).find("JSON"), std::string::npos);
}

}  // namespace
}  // namespace bonsai::edge
