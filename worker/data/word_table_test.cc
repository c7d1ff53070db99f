#include "worker/data/word_table.h"

#include <gtest/gtest.h>

#include <string>

namespace bonsai {
namespace {

CachedWord WordForTest(std::string text, uint16_t id) {
  CachedWord word;
  const size_t size = text.size();
  text.resize(16, 'x');
  WordTable::MakeKey(text.data(), size, word.key);
  word.count = 1;
  word.ids[0] = id;
  return word;
}

const CachedWord* Find(WordTable& table, const std::string& text) {
  const CachedWord word = WordForTest(text, 0);
  return table.Find(word.key, table.Prefetch(word.key));
}

TEST(WordTable, FindsEachWordByAllItsBytesAndTheirNumber) {
  WordTable table(10);
  const std::string words[] = {"a",
                               std::string("a\0", 2),
                               "ab",
                               "abcdefgh",
                               "abcdefghi",
                               "abcdefghijklmno",
                               "abcdefghijklmnp",
                               std::string("\0", 1)};
  uint16_t id = 1;
  for (const std::string& word : words) EXPECT_EQ(Find(table, word), nullptr);
  for (const std::string& word : words) table.Insert(WordForTest(word, id++));
  id = 1;
  for (const std::string& word : words) {
    const CachedWord* found = Find(table, word);
    ASSERT_NE(found, nullptr) << word;
    EXPECT_EQ(found->ids[0], id++);
  }
  EXPECT_EQ(Find(table, "abcdefghijklmn"), nullptr);
}

TEST(WordTable, KeepsWhatIsAskedForWhenMoreComesThanItHolds) {
  WordTable table(4);  // four sets of four
  for (int i = 0; i < 1000; ++i) {
    if (Find(table, "often") == nullptr) table.Insert(WordForTest("often", 7));
    EXPECT_NE(Find(table, "often"), nullptr);
    table.Insert(WordForTest("word" + std::to_string(i), 1));
    if (i > 4) {
      EXPECT_NE(Find(table, "often"), nullptr) << "dropped by word " << i;
    }
  }
}

}  // namespace
}  // namespace bonsai
