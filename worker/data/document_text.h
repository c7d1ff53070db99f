// The texts of a document, whatever its kind. Called by the tokenizer's trainer and the data runner's counts.
//
// A pure function; safe from any thread.
#ifndef BONSAI_WORKER_DATA_DOCUMENT_TEXT_H_
#define BONSAI_WORKER_DATA_DOCUMENT_TEXT_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/document.pb.h"

namespace bonsai {

// All texts in the document that are not empty, in the order of its fields (labels of choices are no text).
// They point into `document`.
std::vector<absl::string_view> DocumentTexts(const v1::Document& document);

// The sum of their sizes in bytes.
uint64_t DocumentTextBytes(const v1::Document& document);

// The same without the white space (of ASCII) at both ends of each text.
uint64_t DocumentBytesWithoutEnds(const v1::Document& document);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_DOCUMENT_TEXT_H_
