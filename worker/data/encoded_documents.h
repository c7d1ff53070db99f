// A corpus's documents as packed ids, in order, from any of them on, once around or again and again; encoded
// ahead by a pool.
//
// Called by the pack runner, one thread. Holds a bounded number of blocks of about a megabyte.
#ifndef BONSAI_WORKER_DATA_ENCODED_DOCUMENTS_H_
#define BONSAI_WORKER_DATA_ENCODED_DOCUMENTS_H_

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/document_file.h"
#include "worker/data/encoder_pool.h"

namespace bonsai {

struct EncodedDocument {
  absl::Span<const uint16_t> ids;
  uint64_t text_bytes = 0;
};

class EncodedDocuments {
 public:
  struct Options {
    std::string name;        // of the spec's field, for errors: "pack.corpus"
    std::string path;        // documents.binpb
    uint64_t documents = 0;  // in it, at least 1
    uint64_t first = 0;      // where each round begins, below `documents`
    bool repeat = false;     // a round after the other, or one
    size_t blocks_ahead = 2;
  };

  // The pool outlives it.
  EncodedDocuments(Options options, EncoderPool& pool);

  // Passes over documents, as if Next had given them; before the first Next. OutOfRange beyond the one round.
  absl::Status Skip(uint64_t documents);

  // Sets *document to the next one, valid until the next call. Returns false behind the last. Errors:
  // FailedPrecondition (a document that is not text), DataLoss (a broken file, or one of another number of
  // documents).
  absl::StatusOr<bool> Next(EncodedDocument* document);

  const Options& options() const { return options_; }

 private:
  absl::StatusOr<bool> ReadText(std::string* text);
  absl::Status OpenAt(uint64_t document);
  absl::Status Fill();

  const Options options_;
  EncoderPool& pool_;
  std::unique_ptr<DocumentReader> reader_;
  uint64_t taken_ = 0;  // by the pool, with what was passed over
  std::deque<std::future<EncodedBlock>> ahead_;
  EncodedBlock block_;
  size_t in_block_ = 0;
};

// The documents of a file, by reading it.
absl::StatusOr<uint64_t> CountDocuments(const std::string& path);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_ENCODED_DOCUMENTS_H_
