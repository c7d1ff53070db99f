#include "storage/document_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string TempPath(const std::string& name) { return testing::TempDir() + "/" + name; }

v1::Document TextDocument(const std::string& id, const std::string& text) {
  v1::Document document;
  document.set_id(id);
  document.set_text(text);
  return document;
}

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

// A reader that gets at most `step` bytes per read.
std::unique_ptr<DocumentReader> ReaderOver(const std::string& bytes, size_t step) {
  auto position = std::make_shared<size_t>(0);
  return DocumentReader::Over(
      [bytes, step, position](char* data, size_t size) -> absl::StatusOr<size_t> {
        const size_t n = std::min({size, step, bytes.size() - *position});
        std::memcpy(data, bytes.data() + *position, n);
        *position += n;
        return n;
      },
      "documents.binpb");
}

std::string WriteTwo(const std::string& name) {
  auto writer = DocumentWriter::Create(TempPath(name));
  EXPECT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE((*writer)->Append(TextDocument("a", "first")).ok());
  EXPECT_TRUE((*writer)->Append(TextDocument("b", std::string(300, 'x'))).ok());
  EXPECT_TRUE((*writer)->Close().ok());
  return Contents(TempPath(name));
}

TEST(DocumentFile, ReadsWhatWasWrittenInOrder) {
  const std::string path = TempPath("order.binpb");
  auto writer = DocumentWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE((*writer)->Append(TextDocument(std::to_string(i), std::string(i, 'y'))).ok());
  }
  ASSERT_TRUE((*writer)->Append(v1::Document()).ok());
  EXPECT_EQ((*writer)->documents(), 5001u);
  ASSERT_TRUE((*writer)->Close().ok());
  auto reader = DocumentReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  v1::Document document;
  for (int i = 0; i < 5000; ++i) {
    auto more = (*reader)->Next(&document);
    ASSERT_TRUE(more.ok() && *more) << more.status();
    ASSERT_EQ(document.id(), std::to_string(i));
    ASSERT_EQ(document.text().size(), static_cast<size_t>(i));
  }
  ASSERT_TRUE(*(*reader)->Next(&document));
  EXPECT_EQ(document.id(), "");
  EXPECT_FALSE(*(*reader)->Next(&document));
  EXPECT_EQ((*reader)->documents(), 5001u);
  EXPECT_EQ((*reader)->offset(), Contents(path).size());
}

TEST(DocumentFile, GivesTheSameRecordsForAnySizeOfRead) {
  const std::string bytes = WriteTwo("steps.binpb");
  for (size_t step : {size_t{1}, size_t{3}, bytes.size()}) {
    auto reader = ReaderOver(bytes, step);
    v1::Document document;
    ASSERT_TRUE(*reader->Next(&document));
    EXPECT_EQ(document.text(), "first");
    ASSERT_TRUE(*reader->Next(&document));
    EXPECT_EQ(document.text(), std::string(300, 'x'));
    EXPECT_FALSE(*reader->Next(&document));
  }
}

TEST(DocumentFile, TruncationAnywhereNamesRecordAndOffsetOrEndsBetweenRecords) {
  const std::string bytes = WriteTwo("truncated.binpb");
  const size_t first = 1 + bytes[0];
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto reader = ReaderOver(bytes.substr(0, size), 7);
    v1::Document document;
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = reader->Next(&document);
    if (size == 0 || size == first) {
      EXPECT_TRUE(more.ok()) << size << more.status();
      continue;
    }
    ASSERT_EQ(more.status().code(), absl::StatusCode::kDataLoss) << size;
    EXPECT_THAT(std::string(more.status().message()),
                HasSubstr(size < first ? "documents.binpb: record 0 at byte 0"
                                       : "documents.binpb: record 1 at byte " + std::to_string(first)));
    EXPECT_EQ(reader->Next(&document).status(), more.status());
  }
}

TEST(DocumentFile, RefusesALengthBeyondTheBoundWithoutAllocatingIt) {
  auto reader = ReaderOver("\xFF\xFF\xFF\xFF\x0F", 100);
  v1::Document document;
  EXPECT_THAT(std::string(reader->Next(&document).status().message()), HasSubstr("its length is 4294967295"));
  reader = ReaderOver("\xFF\xFF\xFF\xFF\xFF\x01", 100);
  EXPECT_THAT(std::string(reader->Next(&document).status().message()), HasSubstr("not a varint"));
}

TEST(DocumentFile, RefusesARecordThatIsNotADocument) {
  auto reader = ReaderOver(std::string("\x02\x0A\x05", 3), 100);
  v1::Document document;
  EXPECT_THAT(std::string(reader->Next(&document).status().message()), HasSubstr("are not a Document"));
}

TEST(DocumentFile, MissingFileAndFolderAreNamed) {
  EXPECT_EQ(DocumentReader::Open(TempPath("absent.binpb")).status().code(), absl::StatusCode::kNotFound);
  const auto created = DocumentWriter::Create(TempPath("no/such/folder.binpb"));
  EXPECT_EQ(created.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(created.status().message()), HasSubstr("no/such/folder.binpb"));
}

TEST(DocumentFile, RefusesADocumentThatIsTooLarge) {
  auto writer = DocumentWriter::Create(TempPath("large.binpb"));
  ASSERT_TRUE(writer.ok());
  const absl::Status status = (*writer)->Append(TextDocument("", std::string(kDocumentBytesMax, 'x')));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(DocumentFile, AFullDiskIsResourceExhausted) {
  auto writer = DocumentWriter::Create("/dev/full");
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Append(TextDocument("", "text")).ok());
  EXPECT_EQ((*writer)->Close().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace bonsai
