// Our tokenizer against SentencePiece's own library, on real text, on hostile text, and with models of other
// settings that the library trains here.
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#include <zlib.h>

#include <fstream>
#include <random>
#include <sstream>

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/test_data.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string ReadGzip(const std::string& path) {
  std::string out(size_t{64} << 20, '\0');
  gzFile file = gzopen(path.c_str(), "rb");
  const int bytes = gzread(file, out.data(), static_cast<unsigned>(out.size()));
  gzclose(file);
  out.resize(static_cast<size_t>(std::max(bytes, 0)));
  return out;
}

class Pair {
 public:
  explicit Pair(const std::string& model) {
    EXPECT_TRUE(library_.LoadFromSerializedProto(model).ok());
    std::string error;
    ours_ = Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
    EXPECT_NE(ours_, nullptr) << error;
  }

  void ExpectSame(const std::string& text) {
    const std::vector<int> wanted = library_.EncodeAsIds(text);
    ASSERT_EQ(ours_->Encode(text), wanted) << text;
    ASSERT_EQ(ours_->Decode(wanted), library_.DecodeIds(wanted)) << text;
  }

  void ExpectSameDecode(const std::vector<int>& ids) {
    ASSERT_EQ(ours_->Decode(ids), library_.DecodeIds(ids));
  }

  bool merges_only() const { return ours_->merges_only(); }

  void ExpectSameSpecialIds() {
    EXPECT_EQ(ours_->vocab_size(), library_.GetPieceSize());
    EXPECT_EQ(ours_->bos_id(), library_.bos_id());
    EXPECT_EQ(ours_->eos_id(), library_.eos_id());
    EXPECT_EQ(ours_->unk_id(), library_.unk_id());
  }

  // Strings of bytes, of characters and of spaces; sequences of ids.
  void ExpectSameOnRandomInput(int rounds) {
    static const char* const kParts[] = {" ",
                                         "  ",
                                         "\t",
                                         "\n",
                                         "a",
                                         "the",
                                         "ing",
                                         "<s>",
                                         "<0x41>",
                                         "\xE2\x96\x81",
                                         "\xEF\xBF\xBD",
                                         "\xC3\xA9",
                                         "e\xCC\x81",
                                         "\xEF\xAC\x81",
                                         "\xE3\x8D\xBF",
                                         "\xF0\x9F\x98\x80",
                                         "\xFF",
                                         "\xE2\x96",
                                         "\xE4\xBD\xA0\xE5\xA5\xBD",
                                         "\xC2\xA0",
                                         "\xE3\x80\x80",
                                         "<user>",
                                         "x",
                                         "1",
                                         "\xEF\xBC\xA1"};
    std::mt19937 random(7);
    for (int round = 0; round < rounds; ++round) {
      std::string text;
      for (size_t part = random() % 30; part > 0; --part) {
        text += random() % 8 == 0 ? std::string(1, static_cast<char>(random() % 255 + 1))
                                  : kParts[random() % std::size(kParts)];
      }
      ExpectSame(text);
      std::vector<int> ids(random() % 12);
      for (int& id : ids)
        id = static_cast<int>(random() % (random() % 2 ? 300 : static_cast<unsigned>(ours_->vocab_size())));
      for (int& id : ids) id %= ours_->vocab_size();
      ExpectSameDecode(ids);
    }
  }

 private:
  sentencepiece::SentencePieceProcessor library_;
  std::unique_ptr<Tokenizer> ours_;
};

TEST(TokenizerSentencePieceTest, Llama2sTokenizerGivesTheSameIdsOnC4AndAlpaca) {
  BONSAI_FIND_TEST_DATA(model_path, "models/tok_llama2/tokenizer.model");
  BONSAI_FIND_TEST_DATA(c4_path, "c4/c4-validation.00000-of-00001.json.gz");
  BONSAI_FIND_TEST_DATA(alpaca_path, "alpaca/alpaca_data.json");
  Pair pair(ReadFile(model_path));
  pair.ExpectSameSpecialIds();
  std::istringstream lines(ReadGzip(c4_path));
  std::string line, error;
  int documents = 0;
  while (std::getline(lines, line)) {
    const auto value = JsonValue::Parse(line, &error);
    ASSERT_TRUE(value.has_value()) << error;
    pair.ExpectSame(value->Find("text")->string());
    ++documents;
  }
  EXPECT_EQ(documents, 200);
  const auto file = MappedFile::Open(alpaca_path, &error);
  const auto alpaca = JsonValue::Parse(file->text(), &error);
  ASSERT_TRUE(alpaca.has_value()) << error;
  for (size_t i = 0; i < alpaca->items().size(); i += 50) {
    for (const auto& [key, value] : alpaca->items()[i].members()) pair.ExpectSame(value.string());
  }
}

TEST(TokenizerSentencePieceTest, Llama2sTokenizerGivesTheSameIdsOnHostileText) {
  BONSAI_FIND_TEST_DATA(model_path, "models/tok_llama2/tokenizer.model");
  Pair pair(ReadFile(model_path));
  pair.ExpectSameOnRandomInput(3000);
}

// Text in which every setting below shows.
std::string TrainingText() {
  std::mt19937 random(3);
  static const char* const kWords[] = {"the",
                                       "bonsai",
                                       "grows",
                                       "slowly",
                                       "in",
                                       "a",
                                       "pot",
                                       "na\xC3\xAFve",
                                       "caf\xC3\xA9",
                                       "\xEF\xAC\x81sh",
                                       "12",
                                       "<user>",
                                       "\xE4\xBD\xA0\xE5\xA5\xBD",
                                       "re",
                                       "watering",
                                       "water"};
  std::string text;
  for (int i = 0; i < 4000; ++i)
    text += std::string(kWords[random() % std::size(kWords)]) + (random() % 9 ? " " : ".\n");
  return text;
}

std::string Train(const std::string& name, const std::string& settings) {
  const std::string prefix = testing::TempDir() + "/" + name;
  std::ofstream(prefix + ".txt") << TrainingText();
  const auto status =
      sentencepiece::SentencePieceTrainer::Train("--input=" + prefix + ".txt --model_prefix=" + prefix +
                                                 " --model_type=bpe --minloglevel=2 " + settings);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return ReadFile(prefix + ".model");
}

TEST(TokenizerSentencePieceTest, TrainedModelsOfOtherSettingsGiveTheSameIds) {
  const struct {
    const char* name;
    const char* settings;
  } cases[] = {
      {"nfkc", "--vocab_size=120 --normalization_rule_name=nmt_nfkc"},
      {"nfkc_cf", "--vocab_size=120 --normalization_rule_name=nmt_nfkc_cf --add_dummy_prefix=false"},
      {"identity", "--vocab_size=380 --normalization_rule_name=identity --byte_fallback=true"},
      {"user",
       "--vocab_size=380 --byte_fallback=true --user_defined_symbols=<user>,ing,\xE2\x96\x81pot "
       "--control_symbols=<c> --remove_extra_whitespaces=false"},
      {"specials",
       "--vocab_size=120 --unk_id=3 --bos_id=0 --eos_id=-1 --pad_id=1 --bos_piece=[B] --unk_surface=?"},
      {"digits",
       "--vocab_size=120 --split_digits=true --allow_whitespace_only_pieces=true "
       "--normalization_rule_name=identity --remove_extra_whitespaces=false"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    Pair pair(Train(test.name, test.settings));
    pair.ExpectSameSpecialIds();
    EXPECT_EQ(pair.merges_only(), std::string(test.name) != "user");
    pair.ExpectSame(TrainingText());
    pair.ExpectSameOnRandomInput(1000);
  }
}

}  // namespace
}  // namespace bonsai::edge
