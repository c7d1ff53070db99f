// Where the tests of the edge runtime find the data that is not part of the repository. Tests only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_TEST_DATA_H_
#define BONSAI_EDGE_RUNTIME_MODEL_TEST_DATA_H_

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace bonsai::edge {

// The path of data/`name` below BONSAI_TEST_DATA; empty if the variable is not set or the file is not there.
inline std::string TestData(const std::string& name) {
  const char* root = std::getenv("BONSAI_TEST_DATA");
  if (root == nullptr) return "";
  const std::string path = std::string(root) + "/data/" + name;
  return access(path.c_str(), R_OK) == 0 ? path : "";
}

}  // namespace bonsai::edge

// Sets `path` or skips the test with a line that ./test collects.
#define BONSAI_FIND_TEST_DATA(path, name)                \
  const std::string path = bonsai::edge::TestData(name); \
  if (path.empty()) GTEST_SKIP() << "skipped: no data (" << name << " below BONSAI_TEST_DATA/data)"

#endif  // BONSAI_EDGE_RUNTIME_MODEL_TEST_DATA_H_
