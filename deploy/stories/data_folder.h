// The files that bonsai-stories writes: a folder like the one that `./quickstart --data` reads.
#ifndef BONSAI_DEPLOY_STORIES_DATA_FOLDER_H_
#define BONSAI_DEPLOY_STORIES_DATA_FOLDER_H_

#include <cstdint>
#include <string>

namespace bonsai {

struct DataFolderOptions {
  std::string folder;
  uint64_t seed = 1;
  uint64_t train_bytes = 6000000;  // of text, before compression
  uint64_t validation_bytes = 200000;
  uint64_t instructions = 3000;
  uint64_t questions = 200;
};

// Writes c4/c4-train.00000-of-00001.json.gz, c4/c4-validation.00000-of-00001.json.gz, alpaca/alpaca_data.json
// and eval/commonsenseqa/dev_rand_split.jsonl. Each file draws from a random stream of its own, and no story
// or instruction is written twice. Returns false and *error if a file cannot be written; what was written
// stays.
bool WriteDataFolder(const DataFolderOptions& options, std::string* error);

}  // namespace bonsai

#endif  // BONSAI_DEPLOY_STORIES_DATA_FOLDER_H_
