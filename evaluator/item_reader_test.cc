#include "evaluator/item_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string Written(const std::vector<std::string>& ids) {
  std::string bytes;
  for (const std::string& id : ids) {
    v1::ItemResult item;
    item.set_id(id);
    item.set_response(std::string(200, 'x'));
    const std::string one = item.SerializeAsString();
    bytes.push_back(static_cast<char>((one.size() & 0x7f) | 0x80));
    bytes.push_back(static_cast<char>(one.size() >> 7));
    bytes += one;
  }
  return bytes;
}

TEST(ItemReader, ReadsWhatWasWrittenInItsOrder) {
  const auto items = ParseItems(Written({"a", "b"}));
  ASSERT_TRUE(items.ok()) << items.status();
  ASSERT_EQ(items->size(), 2u);
  EXPECT_EQ((*items)[1].id(), "b");
  EXPECT_EQ((*items)[1].response().size(), 200u);
  EXPECT_TRUE(ParseItems("")->empty());
}

TEST(ItemReader, ErrorsNameTheItem) {
  const std::string whole = Written({"a", "b"});
  const struct {
    std::string bytes;
    std::string message;
  } cases[] = {
      {whole.substr(0, whole.size() - 1), "item 1 at byte 208: its length is 206, but 205 bytes are left"},
      {whole + "\x80", "item 2 at byte 416: its length is not whole"},
      {std::string("\x02\xff\xff", 3), "item 0 at byte 0: not a v1.ItemResult"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(std::string(ParseItems(c.bytes).status().message()), HasSubstr(c.message));
  }
  EXPECT_THAT(std::string(ParseItems(whole, 1).status().message()), HasSubstr("more than 1 items"));
}

}  // namespace
}  // namespace bonsai
