#include "edge_runtime/model/utf8.h"

#include <gtest/gtest.h>

namespace bonsai::edge {
namespace {

TEST(Utf8Test, KnowsEveryCodePointThatItWrites) {
  for (uint32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string text;
    AppendUtf8(code, &text);
    ASSERT_EQ(Utf8Length(text), text.size()) << code;
    ASSERT_EQ(Utf8Length(text + "\x80"), text.size()) << code;
    for (size_t cut = 1; cut < text.size(); ++cut) ASSERT_EQ(Utf8Length(text.substr(0, cut)), 0u) << code;
  }
}

TEST(Utf8Test, RefusesWhatIsNotShortestOrNotACharacter) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3(", "\xE2\x28\xA1"}) {
    EXPECT_EQ(Utf8Length(text), 0u) << text;
  }
  EXPECT_EQ(Utf8Length(""), 0u);
}

}  // namespace
}  // namespace bonsai::edge
