// What one record of an outside data set looks like in JSON, and the Document that it becomes.
//
// Called by SourceReader. Pure functions; safe from any thread. Errors are InvalidArgument and name the key,
// what was found and what would be valid; the caller adds file and line.
#ifndef BONSAI_WORKER_DATA_RECORD_FORMATS_H_
#define BONSAI_WORKER_DATA_RECORD_FORMATS_H_

#include "absl/status/status.h"
#include "bonsai/v1/document.pb.h"
#include "edge_runtime/model/json.h"

namespace bonsai {

// C4: {"text": "...", ...}. Other keys (url, timestamp) are not kept.
absl::Status ReadC4Record(const edge::JsonValue& record, v1::Document* document);

// Alpaca: {"instruction": "...", "input": "...", "output": "..."}; "input" may be absent.
absl::Status ReadAlpacaRecord(const edge::JsonValue& record, v1::Document* document);

// CommonsenseQA: {"id": "...", "question": {"stem": "...", "choices": [{"label": "A", "text": "..."}, ...]},
// "answerKey": "A"}. Labels are unique, and the answer is one of them.
absl::Status ReadCommonsenseQaRecord(const edge::JsonValue& record, v1::Document* document);

// Any object. Its id is the first of its members "id", "task_id", "question_id", "qid", "doc_id", "idx",
// "index" (in any case of letters) that is a string or an integer; otherwise empty. The record itself is left
// to the caller, who has its text.
absl::Status ReadAnyRecord(const edge::JsonValue& record, v1::Document* document);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_RECORD_FORMATS_H_
