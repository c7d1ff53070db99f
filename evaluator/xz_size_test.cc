#include "evaluator/xz_size.h"

#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "edge_runtime/model/json.h"
#include "edge_runtime/model/test_data.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

bool Never() { return false; }

// liblzma's own preset, fed the whole text at once: what `xz -9e` writes.
size_t EasySize(const std::string& text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  lzma_stream stream = LZMA_STREAM_INIT;
  EXPECT_EQ(lzma_easy_encoder(&stream, 9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64), LZMA_OK);
  stream.next_in = reinterpret_cast<const uint8_t*>(text.data());
  stream.avail_in = text.size();
  stream.next_out = reinterpret_cast<uint8_t*>(out.data());
  stream.avail_out = out.size();
  EXPECT_EQ(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
  const size_t size = stream.total_out;
  lzma_end(&stream);
  return size;
}

std::vector<std::string> Numbers(int begin, int end) {
  std::vector<std::string> texts;
  for (int i = begin; i < end; ++i) texts.push_back("document number " + std::to_string(i * 7919 % 10007));
  return texts;
}

std::string Join(const std::vector<std::string>& texts) {
  std::string joined;
  for (size_t i = 0; i < texts.size(); ++i) joined += (i > 0 ? "\n" : "") + texts[i];
  return joined;
}

std::string WriteDocuments(const std::string& name, const std::vector<std::string>& texts) {
  const std::string path = testing::TempDir() + "/" + name;
  const auto writer = DocumentWriter::Create(path);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (const std::string& text : texts) {
    v1::Document document;
    document.set_text(text);
    EXPECT_TRUE((*writer)->Append(document).ok());
  }
  EXPECT_TRUE((*writer)->Close().ok());
  return path;
}

TEST(XzSize, IsTheSizeOfTheFileThatXzWrites) {
  for (const auto& texts : {Numbers(0, 1), Numbers(0, 3000)}) {
    const std::string joined = Join(texts);
    absl::StatusOr<XzSize> xz = XzSize::Create(joined.size());
    ASSERT_TRUE(xz.ok()) << xz.status();
    // In pieces, as documents come.
    for (size_t i = 0; i < joined.size(); i += 1000) ASSERT_TRUE(xz->Append(joined.substr(i, 1000)).ok());
    EXPECT_EQ(xz->Finish().value(), EasySize(joined));
  }
}

TEST(MeasureXz, MeasuresTheTextAloneAndAfterTheReference) {
  const std::vector<std::string> texts = Numbers(1000, 1200), reference = Numbers(0, 1000);
  const std::string path = WriteDocuments("xz_reference.binpb", reference);
  const absl::StatusOr<XzFigures> figures = MeasureXz(
      texts, [&path] { return DocumentReader::Open(path); }, Never);
  ASSERT_TRUE(figures.ok()) << figures.status();
  const double bytes = static_cast<double>(Join(texts).size());
  EXPECT_DOUBLE_EQ(figures->alone, EasySize(Join(texts)) * 8 / bytes);
  const double more =
      static_cast<double>(EasySize(Join(reference) + "\n" + Join(texts))) - EasySize(Join(reference));
  EXPECT_DOUBLE_EQ(figures->after_reference.value(), more * 8 / bytes);
}

TEST(MeasureXz, NeedsNoReference) {
  const absl::StatusOr<XzFigures> figures = MeasureXz(Numbers(0, 10), nullptr, Never);
  ASSERT_TRUE(figures.ok());
  EXPECT_FALSE(figures->after_reference.has_value());
}

TEST(MeasureXz, StopsWhenAsked) {
  EXPECT_EQ(MeasureXz(Numbers(0, 10), nullptr, [] { return true; }).status().code(),
            absl::StatusCode::kCancelled);
}

TEST(MeasureXz, RefusesWhatIsNotTextOrTooLarge) {
  EXPECT_EQ(MeasureXz(std::vector<std::string>{""}, nullptr, Never).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(XzSize::Create(kXzTextBytesMax + 1).status().code(), absl::StatusCode::kInvalidArgument);

  const std::string path = testing::TempDir() + "/xz_instructions.binpb";
  const auto writer = DocumentWriter::Create(path);
  ASSERT_TRUE(writer.ok());
  v1::Document document;
  document.mutable_instruction()->set_output("x");
  ASSERT_TRUE((*writer)->Append(document).ok());
  ASSERT_TRUE((*writer)->Close().ok());
  const absl::Status status = MeasureXz(
                                  Numbers(0, 2), [&path] { return DocumentReader::Open(path); }, Never)
                                  .status();
  EXPECT_EQ(status.message(), "xz_reference: document 0 is not text");
}

std::vector<std::string> ReadC4(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> paths, texts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().rfind(prefix, 0) == 0) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    gzFile file = gzopen(path.c_str(), "rb");
    std::string line(1 << 20, '\0');
    while (gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr) {
      std::string error;
      const auto json = edge::JsonValue::Parse(line.c_str(), &error);
      if (!json.has_value()) ADD_FAILURE() << path << ": " << error;
      texts.push_back(json->Find("text")->string());
    }
    gzclose(file);
  }
  return texts;
}

// The figures that the pretrained model is held against.
TEST(MeasureXz, NeedsTheKnownBitsForC4) {
  BONSAI_FIND_TEST_DATA(folder, "c4");
  const std::vector<std::string> texts = ReadC4(folder, "c4-validation");
  const std::string path = WriteDocuments("xz_c4.binpb", ReadC4(folder, "c4-train"));
  const absl::StatusOr<XzFigures> figures = MeasureXz(
      texts, [&path] { return DocumentReader::Open(path); }, Never);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_NEAR(figures->alone, 2.7955, 0.001);
  EXPECT_NEAR(figures->after_reference.value(), 2.3416, 0.001);
}

}  // namespace
}  // namespace bonsai
