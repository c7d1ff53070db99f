// What "items/<suite>.binpb" of an evaluation holds. Called by the comparison of evaluations and by whoever
// shows items. Pure functions.
#ifndef BONSAI_EVALUATOR_ITEM_READER_H_
#define BONSAI_EVALUATOR_ITEM_READER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// v1.ItemResults, each behind its length as a varint. DataLoss names the number of the item, from 0, and its
// byte; items beyond `items_max` are an error too.
absl::StatusOr<std::vector<v1::ItemResult>> ParseItems(absl::string_view bytes, size_t items_max = 1 << 20);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ITEM_READER_H_
