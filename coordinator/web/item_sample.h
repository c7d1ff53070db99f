// The first items of an evaluation: what a model was asked, what it answered and what was expected. Read from
// "items/<suite>.binpb" of the evaluation's artifact (v1.ItemResult).
//
// Called by the submission's page and the API. Pure functions over bytes; no thread matters.
#ifndef BONSAI_COORDINATOR_WEB_ITEM_SAMPLE_H_
#define BONSAI_COORDINATOR_WEB_ITEM_SAMPLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "coordinator/web/table.h"

namespace bonsai {

struct ItemSample {
  std::string suite;
  std::vector<v1::ItemResult> items;
  bool more = false;    // the file has further ones
  std::string problem;  // why there are none; empty: nothing went wrong
};

// Up to `items_max` items from the beginning of a file, of which `bytes` is the first part: an item that is
// cut off at the end, if `cut`, is left out. DataLoss says which item is none.
absl::StatusOr<ItemSample> ParseItems(absl::string_view bytes, bool cut, size_t items_max);

// `path` is where the API has the figures: "/api/v1/submissions/<id>".
Table ItemsTable(const ItemSample& sample, absl::string_view path);

// A block for each item, as people read it.
std::string ItemsHtml(const ItemSample& sample, absl::string_view path);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_ITEM_SAMPLE_H_
