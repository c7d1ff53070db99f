// "items/<suite>.binpb": what became of each question of a suite, v1.ItemResults behind their lengths as
// varints. Written by the evaluation runner, for whoever compares or shows items.
#ifndef BONSAI_EVALUATOR_ITEM_FILE_H_
#define BONSAI_EVALUATOR_ITEM_FILE_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"
#include "runner/runner.h"

namespace bonsai {

// "items/commonsenseqa.binpb"
std::string ItemFilePath(absl::string_view suite);

// Stores the items and adds their file to the manifest. Bytes of texts that are not UTF-8 become U+FFFD.
absl::Status AddItems(RunnerContext& context, absl::string_view suite, std::span<const v1::ItemResult> items,
                      v1::Manifest& manifest);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ITEM_FILE_H_
