// Byte-level BPE through the Tokenizer that users hold.
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {
namespace {

using Ids = std::vector<int32_t>;

std::unique_ptr<Tokenizer> Parse(const std::string& json, std::string* error) {
  return Tokenizer::Parse({reinterpret_cast<const uint8_t*>(json.data()), json.size()}, error);
}

// "<s>" and "</s>", the bytes as 2 to 257, and pieces made by merges of earlier ones.
class SmallVocabulary {
 public:
  SmallVocabulary() {
    vocabulary_.pieces = {{"<s>", true}, {"</s>", true}};
    for (int byte = 0; byte < 256; ++byte)
      vocabulary_.pieces.push_back({std::string(1, static_cast<char>(byte)), false});
  }

  static int32_t Byte(char byte) { return 2 + static_cast<unsigned char>(byte); }

  int32_t Merge(int32_t left, int32_t right) {
    const auto& pieces = vocabulary_.pieces;
    const int32_t made = static_cast<int32_t>(pieces.size());
    const std::string bytes =
        pieces[static_cast<size_t>(left)].bytes + pieces[static_cast<size_t>(right)].bytes;
    vocabulary_.pieces.push_back({bytes, false});
    vocabulary_.merges.push_back({left, right, made});
    return made;
  }

  std::string Json() const { return WriteTokenizerJson(vocabulary_); }

  std::unique_ptr<Tokenizer> Load() const {
    std::string error;
    auto tokenizer = Parse(Json(), &error);
    EXPECT_NE(tokenizer, nullptr) << error;
    return tokenizer;
  }

 private:
  ByteLevelVocabulary vocabulary_;
};

TEST(ByteLevelTokenizerTest, MergesByRankWithinWordsAndKnowsItsSpecialPieces) {
  SmallVocabulary vocabulary;
  const auto byte = SmallVocabulary::Byte;
  const int32_t bc = vocabulary.Merge(byte('b'), byte('c'));
  const int32_t ab = vocabulary.Merge(byte('a'), byte('b'));
  const int32_t abbc = vocabulary.Merge(ab, bc);
  const int32_t space_a = vocabulary.Merge(byte(' '), byte('a'));
  const auto tokenizer = vocabulary.Load();
  EXPECT_EQ(tokenizer->vocab_size(), 262);
  EXPECT_EQ(tokenizer->bos_id(), 0);
  EXPECT_EQ(tokenizer->eos_id(), 1);
  EXPECT_EQ(tokenizer->unk_id(), -1);
  EXPECT_EQ(tokenizer->Encode("abc"), (Ids{byte('a'), bc}));
  EXPECT_EQ(tokenizer->Encode("abbc"), (Ids{abbc}));
  EXPECT_EQ(tokenizer->Encode("c a"), (Ids{byte('c'), space_a}));
  EXPECT_EQ(tokenizer->Encode("a1b"), (Ids{byte('a'), byte('1'), byte('b')}));
  EXPECT_EQ(tokenizer->Encode("<s>"), (Ids{byte('<'), byte('s'), byte('>')}));  // text like any other
  EXPECT_EQ(tokenizer->Decode(Ids{0, abbc, 1, -1, 999, space_a}), "abbc a");
  EXPECT_EQ(tokenizer->DecodePiece(space_a, -1), " a");
  EXPECT_EQ(tokenizer->Piece(space_a),
            "\xC4\xA0"
            "a");
  EXPECT_EQ(tokenizer->Piece(262), "");
  EXPECT_LT(tokenizer->Score(ab), tokenizer->Score(bc));
  EXPECT_STREQ(Tokenizer::FileNameFor({reinterpret_cast<const uint8_t*>("{"), 1}), "tokenizer.json");
  EXPECT_STREQ(Tokenizer::FileNameFor({}), "tokenizer.model");
}

TEST(ByteLevelTokenizerTest, ALongWordIsMergedAsItsShortPartsWouldBe) {
  SmallVocabulary vocabulary;
  const auto byte = SmallVocabulary::Byte;
  const int32_t aa = vocabulary.Merge(byte('a'), byte('a'));
  const int32_t aaaa = vocabulary.Merge(aa, aa);
  const auto tokenizer = vocabulary.Load();
  EXPECT_EQ(tokenizer->Encode(std::string(7, 'a')), (Ids{aaaa, aa, byte('a')}));
  Ids expected((size_t{1} << 20) / 4, aaaa);
  expected.insert(expected.end(), {aa, byte('a')});
  EXPECT_EQ(tokenizer->Encode(std::string((size_t{1} << 20) + 3, 'a')), expected);  // n^2 would not end
}

TEST(ByteLevelTokenizerTest, GivesBackAnyBytes) {
  SmallVocabulary vocabulary;
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    vocabulary.Merge(2 + static_cast<int32_t>(random() % 256), 2 + static_cast<int32_t>(random() % 256));
  }
  // Twice the same pair is refused, so a seed that draws one shows here.
  const auto tokenizer = vocabulary.Load();
  ASSERT_NE(tokenizer, nullptr);
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    for (size_t size = random() % 300; size > 0; --size) bytes.push_back(static_cast<char>(random()));
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(bytes)), bytes);
  }
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ByteLevelTokenizerTest, NamesWhatItDoesNotSupport) {
  SmallVocabulary vocabulary;
  vocabulary.Merge(SmallVocabulary::Byte('t'), SmallVocabulary::Byte('h'));
  const std::string json = vocabulary.Json();
  const struct {
    std::string json, error;
  } kCases[] = {
      {"{", "tokenizer.json: JSON: "},
      {"{}", "pre_tokenizer is missing; supported is ByteLevel"},
      {Replaced(json, "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}"),
       "normalizer is \"NFC\"; supported is null"},
      {Replaced(json, "\"pre_tokenizer\": {\n    \"type\": \"ByteLevel\"",
                "\"pre_tokenizer\": {\n    \"type\": \"Sequence\""),
       "pre_tokenizer is \"Sequence\"; supported is ByteLevel"},
      {Replaced(json, "\"add_prefix_space\": false", "\"add_prefix_space\": true"),
       "pre_tokenizer.add_prefix_space is true"},
      {Replaced(json, "\"use_regex\": true", "\"use_regex\": false"), "pre_tokenizer.use_regex is false"},
      {Replaced(json, "\"BPE\"", "\"WordPiece\""), "model is \"WordPiece\"; supported is BPE"},
      {Replaced(json, "\"dropout\": null", "\"dropout\": 0.1"), "model.dropout is 0.1"},
      {Replaced(json, "\"ignore_merges\": false", "\"ignore_merges\": true"), "model.ignore_merges is true"},
      {Replaced(json, "\"special\": true", "\"special\": false"), "added_tokens[0] has content \"<s>\""},
      {Replaced(json, "\"<s>\": 0", "\"<x>\": 0"), "added_tokens[0]: id 0 is there twice"},
      {Replaced(json, "\"th\": 258", "\"th\": 259"), "vocab has no piece of id 258"},
      {Replaced(json, "\"th\": 258", "\"th\": -1"), "vocab.\"th\": the id is -1"},
      {Replaced(json, "\"th\": 258", "\"t h\": 258"), "it must be of characters that stand for bytes"},
      {Replaced(json, "\"t h\"", "\"t x\""), "merges[0] needs the piece \"tx\""},
      {Replaced(json, "\"t h\"", "\"th\""), "merges[0] is \"th \"; it must be two pieces"},
      {Replaced(json, "\"t h\"", "\"t h\", [\"t\", \"h\"]"), "merges[1] was there before"},
      {Replaced(json, "\"t\": 118", "\"tt\": 118"), "needs the piece \"t\""},
      {Replaced(json, "\"z\": 124", "\"zz\": 124"), "there is no piece for byte 122"},
  };
  for (const auto& [bad, expected] : kCases) {
    std::string error;
    EXPECT_EQ(Parse(bad, &error), nullptr) << expected;
    EXPECT_NE(error.find(expected), std::string::npos) << error << "\nexpected " << expected;
  }
}

std::unique_ptr<Tokenizer> Gpt2(const std::string& vocab_path, const std::string& merges_path) {
  std::string error;
  const auto vocab = MappedFile::Open(vocab_path, &error), merges = MappedFile::Open(merges_path, &error);
  auto tokenizer = Tokenizer::ParseGpt2(vocab->text(), merges->text(), &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  return tokenizer;
}

// The ids are of an independent encoder over Python's regular expressions.
TEST(ByteLevelTokenizerTest, GivesGpt2sIds) {
  BONSAI_FIND_TEST_DATA(vocab, "models/tok_gpt2/gpt2-vocab.json");
  BONSAI_FIND_TEST_DATA(merges, "models/tok_gpt2/gpt2-merges.txt");
  const auto tokenizer = Gpt2(vocab, merges);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->vocab_size(), 50257);
  EXPECT_EQ(tokenizer->bos_id(), 50256);
  EXPECT_EQ(tokenizer->eos_id(), 50256);
  EXPECT_EQ(tokenizer->Encode("Hello, world!"), (Ids{15496, 11, 995, 0}));
  EXPECT_EQ(
      tokenizer->Encode(" don't  you've   know\n\n x's 1984 na\xC3\xAFve caf\xC3\xA9 "
                        "\xE4\xBD\xA0\xE5\xA5\xBD\xE4\xB8\x96\xE7\x95\x8C \xF0\x9F\x98\x80 "
                        "\xE3\x80\x80y \t"),
      (Ids{836, 470,   220, 345,   1053, 220,   220, 760,   628, 2124, 338,  12844, 41492, 40304, 220, 19526,
           254, 25001, 121, 10310, 244,  45911, 234, 30325, 222, 220,  5099, 222,   88,    220,   197}));
  EXPECT_EQ(tokenizer->Encode("it's I'LL we'll 'sx 'x"),
            (Ids{270, 338, 314, 6, 3069, 356, 1183, 705, 82, 87, 705, 87}));
  EXPECT_EQ(tokenizer->Encode("\xD9\xA3\xD9\xA4\xE0\xA5\xAB\xC2\xB2 \xC2\xBD \xE2\x85\xAB"),
            (Ids{149, 96, 149, 97, 24231, 104, 31185, 25208, 2343, 227, 104}));
}

std::string ReadGzip(const std::string& path) {
  std::string out(size_t{64} << 20, '\0');
  gzFile file = gzopen(path.c_str(), "rb");
  const int bytes = gzread(file, out.data(), static_cast<unsigned>(out.size()));
  gzclose(file);
  out.resize(static_cast<size_t>(std::max(bytes, 0)));
  return out;
}

TEST(ByteLevelTokenizerTest, GivesGpt2sIdsOnC4) {
  BONSAI_FIND_TEST_DATA(vocab, "models/tok_gpt2/gpt2-vocab.json");
  BONSAI_FIND_TEST_DATA(merges, "models/tok_gpt2/gpt2-merges.txt");
  BONSAI_FIND_TEST_DATA(c4, "c4/c4-validation.00000-of-00001.json.gz");
  const auto tokenizer = Gpt2(vocab, merges);
  ASSERT_NE(tokenizer, nullptr);
  const std::string lines = ReadGzip(c4);
  size_t tokens = 0;
  uLong checksum = crc32(0, nullptr, 0);
  for (size_t at = 0; at < lines.size();) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    std::string error;
    const auto document = JsonValue::Parse(std::string_view(lines).substr(at, end - at), &error);
    ASSERT_TRUE(document.has_value()) << error;
    const std::string& text = document->Find("text")->string();
    const Ids ids = tokenizer->Encode(text);
    tokens += ids.size();
    checksum = crc32(checksum, reinterpret_cast<const Bytef*>(ids.data()),
                     static_cast<uInt>(ids.size() * sizeof(int32_t)));
    EXPECT_EQ(tokenizer->Decode(ids), text);
    at = end + 1;
  }
  EXPECT_EQ(tokens, 81076u);
  EXPECT_EQ(checksum, 0x8ff63a1au);
}

}  // namespace
}  // namespace bonsai::edge
