#include "evaluator/item_file.h"

#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"

namespace bonsai {
namespace {

TEST(ItemFile, HoldsTheItemsInTheirOrderAsValidText) {
  std::vector<v1::ItemResult> items(2);
  items[0].set_id("first");
  items[0].add_loglikelihoods(-1.5);
  *items[1].mutable_response() = "caf\xc3\xa9 \xff.";
  const auto context = FakeRunnerContext::Create(testing::TempDir());
  v1::Manifest manifest;
  ASSERT_TRUE(AddItems(*context, "bbh/word_sorting", items, manifest).ok());
  ASSERT_EQ(manifest.files_size(), 1);
  EXPECT_EQ(manifest.files(0).path(), "items/bbh/word_sorting.binpb");
  const auto bytes = context->blobs().Get(manifest.files(0).blob().sha256(), 1 << 20);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  google::protobuf::io::ArrayInputStream stream(bytes->data(), static_cast<int>(bytes->size()));
  v1::ItemResult item;
  bool end = false;
  ASSERT_TRUE(google::protobuf::util::ParseDelimitedFromZeroCopyStream(&item, &stream, &end));
  EXPECT_EQ(item.SerializeAsString(), items[0].SerializeAsString());
  item.Clear();
  ASSERT_TRUE(google::protobuf::util::ParseDelimitedFromZeroCopyStream(&item, &stream, &end));
  EXPECT_EQ(item.response(), "caf\xc3\xa9 \xef\xbf\xbd.");
  EXPECT_FALSE(google::protobuf::util::ParseDelimitedFromZeroCopyStream(&item, &stream, &end));
  EXPECT_TRUE(end);
}

}  // namespace
}  // namespace bonsai
