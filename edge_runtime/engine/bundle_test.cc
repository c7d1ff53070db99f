#include "edge_runtime/engine/bundle.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace bonsai::edge {
namespace {

using Sections = std::map<std::string, std::span<const uint8_t>>;

std::string Path(const std::string& name) { return testing::TempDir() + "/" + name; }

void WriteFile(const std::string& name, const std::string& text) { std::ofstream(Path(name)) << text; }

std::string ReadFile(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(Path(name)).rdbuf();
  return text.str();
}

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Text(std::span<const uint8_t> bytes) { return std::string(bytes.begin(), bytes.end()); }

std::string ErrorOf(const std::string& bundle, bool verify = false) {
  Sections sections;
  std::string error;
  EXPECT_FALSE(ReadBundle(Bytes(bundle), verify, &sections, &error));
  EXPECT_TRUE(sections.empty());
  return error;
}

// "x" and "empty" behind an executable of 10 bytes.
std::string MakeBundle() {
  WriteFile("exe", "executable");
  chmod(Path("exe").c_str(), 0755);
  WriteFile("x", std::string(5000, 'x'));
  WriteFile("empty", "");
  std::string error;
  EXPECT_TRUE(WriteBundle(Path("bundle"), Path("exe"), {{"x", Path("x")}, {"empty", Path("empty")}}, &error))
      << error;
  return ReadFile("bundle");
}

TEST(BundleTest, ReadsWhatItWrites) {
  const std::string bundle = MakeBundle();
  EXPECT_EQ(bundle.substr(0, 10), "executable");
  Sections sections;
  std::string error;
  ASSERT_TRUE(ReadBundle(Bytes(bundle), /*verify=*/true, &sections, &error)) << error;
  ASSERT_EQ(sections.size(), 2u);
  EXPECT_EQ(Text(sections["x"]), std::string(5000, 'x'));
  EXPECT_EQ(sections["x"].data() - Bytes(bundle).data(), 4096);
  EXPECT_TRUE(sections["empty"].empty());
  struct stat status;
  stat(Path("bundle").c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
}

TEST(BundleTest, LeavesNothingBehindWhenASourceIsMissing) {
  MakeBundle();
  std::string error;
  EXPECT_FALSE(WriteBundle(Path("other"), Path("exe"), {{"x", Path("absent")}}, &error));
  EXPECT_NE(error.find("absent: No such file"), std::string::npos) << error;
  EXPECT_FALSE(std::filesystem::exists(Path("other")));
  EXPECT_FALSE(std::filesystem::exists(Path("other.pending")));
  EXPECT_FALSE(WriteBundle(Path("no/such/folder"), Path("exe"), {}, &error));
  EXPECT_NE(error.find("no/such/folder"), std::string::npos) << error;
  EXPECT_FALSE(WriteBundle(Path("other"), Path("exe"), {{"x", Path("x")}, {"x", Path("x")}}, &error));
  EXPECT_NE(error.find("section \"x\""), std::string::npos) << error;
  EXPECT_FALSE(WriteBundle(Path("other"), testing::TempDir(), {}, &error));
  EXPECT_NE(error.find("not a regular file"), std::string::npos) << error;
}

TEST(BundleTest, NoticesEveryFlippedByteThatCounts) {
  const std::string bundle = MakeBundle();
  const size_t content = 4096;
  for (size_t at = content; at < bundle.size(); ++at) {
    // Between the sections lies padding, which nothing reads.
    if (at >= content + 5000 && at < 3 * 4096) continue;
    std::string bad = bundle;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    ASSERT_FALSE(ErrorOf(bad, /*verify=*/true).empty()) << at;
  }
}

TEST(BundleTest, NamesWhatIsWrong) {
  EXPECT_NE(ErrorOf("").find("no model is appended"), std::string::npos);
  EXPECT_NE(ErrorOf("just an executable of some length, without a model").find("no model is appended"),
            std::string::npos);
  std::string bundle = MakeBundle();
  bundle[bundle.size() - 12] = 2;
  EXPECT_NE(ErrorOf(bundle).find("bundle version 2; supported is 1"), std::string::npos);
  bundle = MakeBundle();
  EXPECT_NE(ErrorOf(bundle.substr(4096)).find("bundle index at"), std::string::npos);  // cut in front
  bundle[bundle.size() - 32 + 8] = 0;
  EXPECT_NE(ErrorOf(bundle).find("bundle index"), std::string::npos);
}

TEST(BundleTest, ChecksumIsThatOfGzip) { EXPECT_EQ(Crc32(0, Bytes(std::string("123456789"))), 0xCBF43926u); }

}  // namespace
}  // namespace bonsai::edge
