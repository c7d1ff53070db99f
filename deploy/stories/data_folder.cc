#include "deploy/stories/data_folder.h"

#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <unordered_set>

#include "deploy/stories/grammar.h"
#include "deploy/stories/story.h"

namespace bonsai {
namespace {

// Tries for a text that was not there before, before the grammar counts as exhausted.
constexpr int kTriesMax = 1000;

// The grammar knows ASCII alone.
std::string Quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// Texts of one run, each once.
using Seen = std::unordered_set<std::string>;

bool WriteStories(const std::string& path, uint64_t seed, uint64_t bytes, Seen& seen, std::string* error) {
  Grammar grammar(seed);
  // Without a time or a name in the header, so the same stories give the same file.
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "wb6"), gzclose_w);
  if (file == nullptr) {
    *error = "cannot write " + path;
    return false;
  }
  int tries = 0;
  for (uint64_t written = 0; written < bytes && tries < kTriesMax;) {
    const std::string story = MakeStory(grammar);
    if (!seen.insert(story).second) {
      ++tries;
      continue;
    }
    tries = 0;
    const std::string line = "{\"text\": " + Quote(story) + "}\n";
    if (gzwrite(file.get(), line.data(), static_cast<unsigned>(line.size())) == 0) {
      *error = "cannot write " + path + "; is the disk full?";
      return false;
    }
    written += story.size();
  }
  if (gzflush(file.get(), Z_FINISH) == Z_OK) return true;
  *error = "cannot write " + path + "; is the disk full?";
  return false;
}

bool Close(std::ofstream& out, const std::string& path, std::string* error) {
  out.close();
  if (!out) *error = "cannot write " + path;
  return static_cast<bool>(out);
}

bool WriteInstructions(const std::string& path, uint64_t seed, uint64_t count, std::string* error) {
  Grammar grammar(seed);
  Seen seen;
  std::ofstream out(path, std::ios::binary);
  out << "[";
  int tries = 0;
  for (uint64_t i = 0; i < count && tries < kTriesMax;) {
    const MadeInstruction made = MakeInstruction(grammar);
    if (!seen.insert(made.instruction + "\n" + made.input).second) {
      ++tries;
      continue;
    }
    tries = 0;
    out << (i > 0 ? ",\n " : "\n ") << "{\"instruction\": " << Quote(made.instruction)
        << ", \"input\": " << Quote(made.input) << ", \"output\": " << Quote(made.output) << "}";
    ++i;
  }
  out << "\n]\n";
  return Close(out, path, error);
}

bool WriteQuestions(const std::string& path, uint64_t seed, uint64_t count, std::string* error) {
  Grammar grammar(seed);
  Seen seen;
  std::ofstream out(path, std::ios::binary);
  int tries = 0;
  for (uint64_t i = 0; i < count && tries < kTriesMax;) {
    const MadeQuestion made = MakeQuestion(grammar);
    if (!seen.insert(made.stem).second) {
      ++tries;
      continue;
    }
    tries = 0;
    out << "{\"answerKey\": \"" << static_cast<char>('A' + made.answer) << "\", \"id\": \"stories-" << i
        << "\", \"question\": {\"question_concept\": " << Quote(made.concept_) << ", \"choices\": [";
    for (size_t j = 0; j < made.choices.size(); ++j) {
      out << (j > 0 ? ", " : "") << "{\"label\": \"" << static_cast<char>('A' + j)
          << "\", \"text\": " << Quote(made.choices[j]) << "}";
    }
    out << "], \"stem\": " << Quote(made.stem) << "}}\n";
    ++i;
  }
  return Close(out, path, error);
}

}  // namespace

bool WriteDataFolder(const DataFolderOptions& options, std::string* error) {
  for (const char* folder : {"/c4", "/alpaca", "/eval/commonsenseqa"}) {
    std::error_code code;
    std::filesystem::create_directories(options.folder + folder, code);
    if (!code) continue;
    *error = "cannot make " + options.folder + folder + ": " + code.message();
    return false;
  }
  // Streams far apart: the seeds of neighbouring runs do not meet.
  const uint64_t stream = options.seed * 0x9E3779B97F4A7C15u;
  Seen seen;  // over both, so that no held-out story was trained on
  return WriteStories(options.folder + "/c4/c4-validation.00000-of-00001.json.gz", stream + 1,
                      options.validation_bytes, seen, error) &&
         WriteStories(options.folder + "/c4/c4-train.00000-of-00001.json.gz", stream + 2, options.train_bytes,
                      seen, error) &&
         WriteInstructions(options.folder + "/alpaca/alpaca_data.json", stream + 3, options.instructions,
                           error) &&
         WriteQuestions(options.folder + "/eval/commonsenseqa/dev_rand_split.jsonl", stream + 4,
                        options.questions, error);
}

}  // namespace bonsai
