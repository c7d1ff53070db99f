#include "edge_runtime/model/tokenizer.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "edge_runtime/model/llama2c_tokenizer.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/test_data.h"

namespace bonsai::edge {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Field(int tag, const std::string& bytes) {
  std::string out(1, static_cast<char>(tag << 3 | 2));
  for (size_t size = bytes.size();; size >>= 7) {
    out.push_back(static_cast<char>((size & 0x7F) | (size >= 0x80 ? 0x80 : 0)));
    if (size < 0x80) return out + bytes;
  }
}

std::string Piece(const std::string& text, float score, int type) {
  std::string body = Field(1, text) + std::string(1, 2 << 3 | 5);
  const uint32_t bits = std::bit_cast<uint32_t>(score);
  for (int i = 0; i < 4; ++i) body.push_back(static_cast<char>(bits >> (8 * i)));
  return Field(1, body + std::string({3 << 3, static_cast<char>(type)}));
}

// trainer_spec { model_type: BPE byte_fallback: ... }
std::string Trainer(bool byte_fallback, char model_type = 2) {
  std::string body({3 << 3, model_type});
  if (byte_fallback) body += std::string("\x98\x02\x01", 3);
  return Field(2, body);
}

// normalizer_spec { add_dummy_prefix: true remove_extra_whitespaces: false }
std::string Identity() { return Field(3, std::string({3 << 3, 1, 4 << 3, 0})); }

std::string SmallModel() {
  std::string model = Piece("<unk>", 0, 2) + Piece("<s>", 0, 3) + Piece("</s>", 0, 3);
  model += Piece("a", -3, 1) + Piece("b", -4, 1) + Piece("ab", -1, 1) + Piece("ba", -2, 1) +
           Piece("\xE2\x96\x81", -5, 1);
  return model + Trainer(false) + Identity();
}

std::unique_ptr<Tokenizer> ParseOrDie(const std::string& model) {
  std::string error;
  auto tokenizer = Tokenizer::Parse(Bytes(model), &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

std::string ErrorOf(const std::string& model) {
  std::string error;
  EXPECT_EQ(Tokenizer::Parse(Bytes(model), &error), nullptr);
  return error;
}

TEST(TokenizerTest, MergesTheBestScoreFirstAndLeftmost) {
  const auto tokenizer = ParseOrDie(SmallModel());
  EXPECT_EQ(tokenizer->Encode("ab"), (std::vector<int32_t>{7, 5}));
  EXPECT_EQ(tokenizer->Encode("bab"), (std::vector<int32_t>{7, 4, 5}));  // ab before ba
  EXPECT_EQ(tokenizer->Encode("bba"), (std::vector<int32_t>{7, 4, 6}));
  EXPECT_EQ(tokenizer->Encode(""), (std::vector<int32_t>{}));
}

TEST(TokenizerTest, ARunOfUnknownCharactersIsOneUnknownId) {
  const auto tokenizer = ParseOrDie(SmallModel());
  EXPECT_EQ(tokenizer->Encode("axyza"), (std::vector<int32_t>{7, 3, 0, 3}));
  EXPECT_EQ(tokenizer->Decode(std::vector<int32_t>{7, 3, 0, 3}), "a \xE2\x81\x87 a");
}

TEST(TokenizerTest, IdsOneByOneBecomeTheTextOfAllOfThem) {
  for (const std::string& model : {SmallModel(), FixtureTokenizer(), FixtureTokenizerJson()}) {
    const auto tokenizer = ParseOrDie(model);
    std::mt19937 random(7);
    for (int text = 0; text < 200; ++text) {
      StreamedText streamed;
      std::vector<int32_t> ids;
      for (int i = 0; i < 12; ++i) {
        ids.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(tokenizer->vocab_size() + 2)) -
                      1);
        const std::string before = streamed.settled;
        tokenizer->Append(ids.back(), &streamed);
        ASSERT_EQ(streamed.text(), tokenizer->Decode(ids));
        ASSERT_TRUE(streamed.settled.starts_with(before));
      }
    }
  }
}

TEST(TokenizerTest, StreamsThePiecesOfADecodedText) {
  const auto tokenizer = ParseOrDie(SmallModel());
  EXPECT_EQ(tokenizer->DecodePiece(7, -1), "");
  EXPECT_EQ(tokenizer->DecodePiece(7, 1), "");  // after BOS
  EXPECT_EQ(tokenizer->DecodePiece(7, 3), " ");
  EXPECT_EQ(tokenizer->DecodePiece(5, 7), "ab");
  EXPECT_EQ(tokenizer->DecodePiece(1, 5), "");
  EXPECT_EQ(tokenizer->DecodePiece(99, 5), "");
  EXPECT_EQ(tokenizer->DecodePiece(-5, 5), "");
  EXPECT_EQ(tokenizer->Piece(8), "");
}

TEST(TokenizerTest, NamesWhatIsWrongWithAFile) {
  EXPECT_NE(ErrorOf("").find("no pieces"), std::string::npos);
  EXPECT_NE(ErrorOf("\x0A\xFF\x01").find("malformed protobuf field at byte 0"), std::string::npos);
  EXPECT_NE(ErrorOf(SmallModel() + "\x0A\x7F").find("at byte"), std::string::npos);
  EXPECT_NE(ErrorOf(Piece("a", 0, 1) + Trainer(false)).find("no unknown piece"), std::string::npos);
  EXPECT_NE(
      ErrorOf(Piece("a", 0, 2) + Piece("a", 0, 1) + Piece("a", 0, 1) + Trainer(false)).find("occurs twice"),
      std::string::npos);
  EXPECT_NE(ErrorOf(Piece("a", 0, 2) + Trainer(true)).find("no piece for byte 0"), std::string::npos);
  EXPECT_NE(ErrorOf(Piece("a", 0, 2) + Trainer(false, 1)).find("model_type is 1; supported is 2 (BPE)"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Piece("a", 0, 2)).find("trainer_spec is missing"), std::string::npos);
  EXPECT_NE(ErrorOf(Piece("", 0, 2) + Trainer(false)).find("piece 0 is empty"), std::string::npos);
  EXPECT_NE(ErrorOf(Piece("a", 0, 9) + Trainer(false)).find("piece type 9"), std::string::npos);
  EXPECT_NE(ErrorOf(Piece("x", 0, 6) + Trainer(false)).find("byte piece 0"), std::string::npos);
  EXPECT_NE(ErrorOf(SmallModel() + Field(3, Field(2, "xyz"))).find("precompiled_charsmap"),
            std::string::npos);
}

TEST(TokenizerTest, WritesLlama2csFileByteForByte) {
  BONSAI_FIND_TEST_DATA(model_path, "models/tok_llama2/tokenizer.model");
  BONSAI_FIND_TEST_DATA(bin_path, "models/tok_llama2/tokenizer.bin");
  std::string error;
  const auto model = MappedFile::Open(model_path, &error), bin = MappedFile::Open(bin_path, &error);
  const auto tokenizer = Tokenizer::Parse(model->bytes(), &error);
  ASSERT_NE(tokenizer, nullptr) << error;
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  EXPECT_TRUE(WriteLlama2cTokenizer(*tokenizer) == bin->text());
  const auto from_bin = Tokenizer::ParseLlama2c(bin->bytes(), 32000, &error);
  ASSERT_NE(from_bin, nullptr) << error;
  for (const char* text :
       {"Once upon a time", "  two  spaces ", "na\xC3\xAFve \xF0\x9F\x98\x80\n\tx", "<s>"}) {
    EXPECT_EQ(from_bin->Encode(text), tokenizer->Encode(text)) << text;
    EXPECT_EQ(from_bin->Decode(from_bin->Encode(text)), text);
  }
  EXPECT_EQ(Tokenizer::ParseLlama2c(bin->bytes(), 31999, &error), nullptr);
  EXPECT_NE(error.find("the pieces end at byte"), std::string::npos) << error;
  EXPECT_EQ(Tokenizer::ParseLlama2c(bin->bytes().first(1000), 32000, &error), nullptr);
}

TEST(TokenizerTest, EncodesAMegabyteOfOneLetterInReasonableTime) {
  const auto tokenizer = ParseOrDie(SmallModel());
  std::string text;
  for (int i = 0; i < (1 << 19); ++i) text += "ab";
  EXPECT_EQ(tokenizer->Encode(text).size(), (size_t{1} << 19) + 1);  // a quadratic merge would not end
}

}  // namespace
}  // namespace bonsai::edge
