// The texts of C4 files for tests and benchmarks that may not link messages (sentencepiece_testing.h).
#ifndef BONSAI_WORKER_DATA_C4_TEXTS_TESTING_H_
#define BONSAI_WORKER_DATA_C4_TEXTS_TESTING_H_

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "edge_runtime/model/json.h"

namespace bonsai {

// Where the tests' data lies, or would.
inline std::string TestDataFolder() {
  const char* set = std::getenv("BONSAI_TEST_DATA");
  return (set != nullptr ? std::string(set) : "../shared") + "/data";
}

// Of a file of gzip'd JSON lines, at most 256 MiB of them; none if it cannot be read.
inline std::vector<std::string> C4TextsForTest(const std::string& path) {
  std::string bytes;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  for (int read = 1; read > 0 && bytes.size() < size_t{256} << 20;) {
    const size_t before = bytes.size();
    bytes.resize(before + (1 << 20));
    read = gzread(file, bytes.data() + before, 1 << 20);
    bytes.resize(before + static_cast<size_t>(std::max(read, 0)));
  }
  gzclose(file);
  std::vector<std::string> texts;
  std::istringstream lines(bytes);
  std::string error;
  for (std::string line; std::getline(lines, line);) {
    const auto value = edge::JsonValue::Parse(line, &error);
    if (value.has_value() && value->Find("text") != nullptr)
      texts.emplace_back(value->Find("text")->string());
  }
  return texts;
}

// Of all files of ../shared/data/c4, in the order of their names.
inline std::vector<std::string> AllC4TextsForTest() {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(TestDataFolder() + "/c4", error)) {
    if (entry.path().extension() == ".gz") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const std::string& path : paths) {
    for (std::string& text : C4TextsForTest(path)) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_C4_TEXTS_TESTING_H_
