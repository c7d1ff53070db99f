// The bytes of a corpus' "documents.binpb", as a data job writes them. For tests.
#ifndef BONSAI_EVALUATOR_DOCUMENT_BYTES_TESTING_H_
#define BONSAI_EVALUATOR_DOCUMENT_BYTES_TESTING_H_

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "storage/document_file.h"

namespace bonsai {

inline std::string DocumentBytes(const std::vector<v1::Document>& documents) {
  const std::string path = testing::TempDir() + "/documents_testing.binpb";
  const auto writer = DocumentWriter::Create(path);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (const v1::Document& document : documents) EXPECT_TRUE((*writer)->Append(document).ok());
  EXPECT_TRUE((*writer)->Close().ok());
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_DOCUMENT_BYTES_TESTING_H_
