// Corpora for tests of the runners that take one.
#ifndef BONSAI_WORKER_DATA_CORPUS_TESTING_H_
#define BONSAI_WORKER_DATA_CORPUS_TESTING_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "storage/document_file.h"
#include "worker/data/source_reader.h"

namespace bonsai {

// The bytes of a documents.binpb.
inline std::string DocumentBytesForTest(const std::vector<v1::Document>& documents) {
  const std::string path = testing::TempDir() + "/documents_for_test.binpb";
  auto writer = DocumentWriter::Create(path).value();
  for (const v1::Document& document : documents) EXPECT_TRUE(writer->Append(document).ok());
  EXPECT_TRUE(writer->Close().ok());
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

inline v1::Document TextDocumentForTest(const std::string& text) {
  v1::Document document;
  document.set_text(text);
  return document;
}

// Text with the shapes that tokenizers stumble over: digits, runs of spaces, tabs, lines, accents, CJK,
// emoji.
inline std::vector<v1::Document> MixedDocumentsForTest(int count) {
  const std::vector<std::string> words = {"the",
                                          "tree",
                                          "grows",
                                          "slowly",
                                          "in",
                                          "a",
                                          "small",
                                          "pot",
                                          "1984",
                                          "water",
                                          "and",
                                          "light,",
                                          "caf\xC3\xA9",
                                          "don't",
                                          "(roots)",
                                          "\xE7\x9B\x86\xE6\xA0\xBD",
                                          "\xF0\x9F\x8C\xB3",
                                          "pruning"};
  std::vector<v1::Document> documents;
  uint32_t state = 12345;
  for (int i = 0; i < count; ++i) {
    std::string text = i % 5 == 0 ? " " : "";
    for (int j = 0; j < 60; ++j) {
      state = state * 1664525 + 1013904223;
      text += words[(state >> 16) % words.size()];
      text += j % 17 == 16 ? "\n" : j % 23 == 22 ? "  " : j % 29 == 28 ? "\t" : " ";
    }
    documents.push_back(TextDocumentForTest(text));
  }
  return documents;
}

// Up to `count` documents of a file below BONSAI_TEST_DATA/data; none if it is not there.
inline std::vector<v1::Document> RealDocumentsForTest(v1::DataSpec::Format format, const std::string& name,
                                                      size_t count) {
  const char* set = std::getenv("BONSAI_TEST_DATA");
  const std::string path = (set != nullptr ? std::string(set) : "../shared") + "/data/" + name;
  std::vector<v1::Document> documents;
  if (!std::filesystem::exists(path)) return documents;
  auto reader = SourceReader::Open(format, path).value();
  v1::Document document;
  while (documents.size() < count && reader->Next(&document).value()) documents.push_back(document);
  return documents;
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_CORPUS_TESTING_H_
