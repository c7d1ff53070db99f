// A model and its tokenizer as bonsai-engine finds them: in the executable itself, in another bundle, in a
// folder or in a llama2.c file.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_RUNNABLE_MODEL_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_RUNNABLE_MODEL_H_

#include <memory>
#include <string>

#include "edge_runtime/engine/engine.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {

struct RunnableModel {
  std::unique_ptr<MappedFile> file;  // what the model's weights lie in, if it is a bundle
  std::unique_ptr<Model> model;
  std::unique_ptr<Tokenizer> tokenizer;  // nullptr if there is none; then only token ids go in and out
  std::string tokenizer_error;           // why a folder's tokenizer.json is no tokenizer here, or empty
  std::string description;               // bundle.json, or empty
};

// `path`: a folder, or a file that ends in .bin. False and *error if something is missing or malformed. A
// tokenizer.json of a kind that is not supported, as many models of others come with, is none, with a
// tokenizer_error.
bool OpenModel(const std::string& path, RunnableModel* out, std::string* error);

// The bundle at `path`. verify: check all its checksums.
bool OpenBundle(const std::string& path, bool verify, RunnableModel* out, std::string* error);

// The bundle that this process was started from; `argv0` is tried where /proc/self/exe is something else, as
// in some emulators.
bool OpenOwnBundle(const std::string& argv0, bool verify, RunnableModel* out, std::string* error);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_RUNNABLE_MODEL_H_
