#include "worker/train/small_model_testing.h"

#include <gtest/gtest.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "edge_runtime/model/tokenizer.h"
#include "worker/data/packed_shard.h"
#include "worker/train/pretrain.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

constexpr int kSentences = 120;

// Protobuf's wire format, of a message inside another and of a number.
std::string Field(int number, const std::string& message) {
  return absl::StrCat(std::string(1, static_cast<char>(number << 3 | 2)),
                      std::string(1, static_cast<char>(message.size())), message);
}
std::string Field(int number, int value) {
  return {static_cast<char>(number << 3), static_cast<char>(value)};
}

// A piece of SentencePiece's ModelProto. Earlier pieces merge first.
std::string Piece(const std::string& text, int type, int place) {
  const float score = static_cast<float>(-place);
  std::string bytes(sizeof(score), '\0');
  std::memcpy(bytes.data(), &score, sizeof(score));
  return Field(1, absl::StrCat(Field(1, text), std::string(1, '\x15'), bytes, Field(3, type)));
}

}  // namespace

std::string PackedShard(const std::vector<uint16_t>& ids) {
  std::string bytes(kShardHeaderBytes + ids.size() * 2, '\0');
  const int32_t header[3] = {kShardMagic, kShardVersion, static_cast<int32_t>(ids.size())};
  std::memcpy(bytes.data(), header, sizeof(header));
  std::memcpy(bytes.data() + kShardHeaderBytes, ids.data(), ids.size() * 2);
  return bytes;
}

std::string TokenizerOf(size_t vocab_size) {
  constexpr int kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6, kBpe = 2;
  std::string model = Piece("<unk>", kUnknown, 0) + Piece("<s>", kControl, 0) + Piece("</s>", kControl, 0);
  for (int byte = 0; byte < 256; ++byte) model += Piece(absl::StrFormat("<0x%02X>", byte), kByte, 0);
  const std::string space = "\u2581";
  std::vector<std::string> pieces = {space + "t", "he",        space + "the", space + "a", space + "s",
                                     "er",        "en",        "in",          "on",        "ar",
                                     "re",        space + "m", "oo",          space,       "."};
  for (char letter = 'a'; letter <= 'z'; ++letter) pieces.push_back(std::string(1, letter));
  for (size_t i = 0; pieces.size() + 259 < vocab_size; ++i) pieces.push_back(absl::StrFormat("q%04dq", i));
  for (size_t i = 0; i < pieces.size(); ++i) model += Piece(pieces[i], kNormal, static_cast<int>(i));
  // trainer_spec.model_type, normalizer_spec with only a dummy prefix and escaped spaces.
  return model + Field(2, Field(3, kBpe)) + Field(3, Field(3, 1) + Field(4, 0) + Field(5, 1));
}

std::vector<std::string> SmallSentences(int sentences) {
  const char* const subjects[] = {"the fox", "a bear", "my sister", "the old man"};
  const char* const verbs[] = {"sees", "likes", "follows", "paints"};
  const char* const objects[] = {"the moon", "a river", "seven stones", "the garden", "a red door"};
  std::vector<std::string> result;
  for (int i = 0; i < sentences; ++i) {
    result.push_back(absl::StrCat(subjects[RandomBits(1, i) % 4], " ", verbs[RandomBits(2, i) % 4], " ",
                                  objects[RandomBits(3, i) % 5], "."));
  }
  return result;
}

const std::string& SmallTokenizer() {
  static const std::string& model = *new std::string(TokenizerOf(300));
  return model;
}

v1::PretrainSpec SmallPretrainSpec() {
  v1::PretrainSpec spec;
  spec.mutable_model()->set_dim(32);
  spec.mutable_model()->set_layers(2);
  spec.mutable_model()->set_heads(4);
  spec.mutable_model()->set_kv_heads(2);
  spec.mutable_model()->set_hidden_dim(64);
  spec.mutable_model()->set_max_seq_len(32);
  spec.mutable_optimizer()->set_learning_rate(0.01f);
  spec.mutable_optimizer()->set_weight_decay(0.1f);
  spec.mutable_optimizer()->set_clip_norm(1.0f);
  spec.mutable_schedule()->set_shape(v1::Schedule::WSD);
  spec.mutable_schedule()->set_warmup_steps(2);
  spec.mutable_schedule()->set_decay_steps(4);
  spec.set_steps(12);
  spec.set_batch_sequences(4);
  spec.set_seed(11);
  return spec;
}

std::unique_ptr<FakeRunnerContext> SmallPretrainTask(const v1::PretrainSpec& spec,
                                                     const std::string& storage_dir) {
  auto context = FakeRunnerContext::Create(testing::TempDir(), storage_dir);
  *context->mutable_task().mutable_spec()->mutable_pretrain() = spec;
  const std::string& model = SmallTokenizer();
  std::string error;
  const auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
  EXPECT_NE(tokenizer, nullptr) << error;
  std::vector<uint16_t> ids;
  for (const std::string& sentence : SmallSentences(kSentences)) {
    ids.push_back(static_cast<uint16_t>(tokenizer->bos_id()));
    for (const int32_t id : tokenizer->Encode(sentence)) ids.push_back(static_cast<uint16_t>(id));
    ids.push_back(static_cast<uint16_t>(tokenizer->eos_id()));
  }
  const std::string vocabulary = absl::StrCat(tokenizer->vocab_size());
  context->AddInput("pretrain.tokens", "tokens",
                    {{"shard-00000.bin", PackedShard(ids)}, {"tokenizer.model", model}},
                    {{"tokens", absl::StrCat(ids.size())}, {"vocab_size", vocabulary}});
  context->AddInput("pretrain.tokenizer", "tokenizer", {{"tokenizer.model", model}},
                    {{"vocab_size", vocabulary}});
  return context;
}

std::string TrainSmallModel(const std::string& storage_dir) {
  v1::PretrainSpec spec = SmallPretrainSpec();
  spec.set_steps(40);
  spec.mutable_model()->set_max_seq_len(192);
  spec.set_seq_len(32);
  const auto context = SmallPretrainTask(spec, storage_dir);
  EXPECT_EQ(RunPretrain(*context), absl::OkStatus());
  return context->output_id();
}

std::string LossesOf(FakeRunnerContext& context) {
  const absl::StatusOr<std::string> report = context.OutputFile("report.json");
  EXPECT_TRUE(report.ok()) << report.status();
  if (!report.ok()) return "";
  return report->substr(report->find("\"loss\""));
}

}  // namespace bonsai
