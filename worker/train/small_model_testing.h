// What tests of the trainer's runners start from: a small vocabulary, a text with structure to learn, tasks.
#ifndef BONSAI_WORKER_TRAIN_SMALL_MODEL_TESTING_H_
#define BONSAI_WORKER_TRAIN_SMALL_MODEL_TESTING_H_

#include <memory>
#include <string>
#include <vector>

#include "bonsai/v1/spec.pb.h"
#include "runner/fake_runner_context.h"

namespace bonsai {

// A tokenizer.model of so many pieces, at least 300: bytes, letters, a few merges, and pieces of no use.
std::string TokenizerOf(size_t vocab_size);

// The one of 300 pieces.
const std::string& SmallTokenizer();

// A token shard of these ids.
std::string PackedShard(const std::vector<uint16_t>& ids);

// `sentences` sentences of a small grammar.
std::vector<std::string> SmallSentences(int sentences);

// A model of about 20000 parameters, 12 steps of 4 rows of 32 tokens.
v1::PretrainSpec SmallPretrainSpec();

// A task for RunPretrain with its inputs in the store.
std::unique_ptr<FakeRunnerContext> SmallPretrainTask(const v1::PretrainSpec& spec,
                                                     const std::string& storage_dir = "");

// Trains a small model and returns its artifact's id, in the store of `storage_dir`.
std::string TrainSmallModel(const std::string& storage_dir);

// "loss" of the output's report.json, as text.
std::string LossesOf(FakeRunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_SMALL_MODEL_TESTING_H_
