#include "edge_runtime/engine/runnable_model.h"

#include <unistd.h>

#include "edge_runtime/engine/bundle.h"

namespace bonsai::edge {
namespace {

// Sets the tokenizer, which must agree with the model.
bool SetTokenizer(std::span<const uint8_t> bytes, RunnableModel* out, std::string* error) {
  out->tokenizer = Tokenizer::Parse(bytes, error);
  if (out->tokenizer == nullptr) return false;
  if (out->tokenizer->vocab_size() <= out->model->config().vocab_size) return true;
  *error = "the tokenizer has " + std::to_string(out->tokenizer->vocab_size()) +
           " pieces, the model a vocabulary of " + std::to_string(out->model->config().vocab_size);
  return false;
}

bool OpenFolder(const std::string& path, RunnableModel* out, std::string* error) {
  out->model = Model::LoadHuggingFace(path, error);
  if (out->model == nullptr) return false;
  std::string tokenizer_path = path + "/" + kBundleTokenizer;
  const bool is_json = access(tokenizer_path.c_str(), F_OK) != 0;
  if (is_json) tokenizer_path = path + "/" + kBundleTokenizerJson;
  if (access(tokenizer_path.c_str(), F_OK) != 0) return true;
  const auto file = MappedFile::Open(tokenizer_path, error);
  if (file == nullptr) return false;
  if (SetTokenizer(file->bytes(), out, error)) return true;
  const std::string why = tokenizer_path + ": " + *error;
  // Token ids, measurements and the description need none. One that was read, but is of another model, says
  // that the folder's files do not belong together.
  if (out->tokenizer == nullptr && is_json) {
    out->tokenizer_error = why;
    return true;
  }
  *error = why;
  return false;
}

bool UseSections(const std::map<std::string, std::span<const uint8_t>>& sections, RunnableModel* out,
                 std::string* error) {
  const auto config = sections.find(kBundleConfig), weights = sections.find(kBundleWeights);
  if (config == sections.end() || weights == sections.end()) {
    *error =
        std::string("section ") + (config == sections.end() ? kBundleConfig : kBundleWeights) + " is missing";
    return false;
  }
  const auto text = [](std::span<const uint8_t> bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  out->model = Model::FromSafetensors(text(config->second), weights->second, error);
  if (out->model == nullptr) return false;
  if (const auto found = sections.find(kBundleDescription); found != sections.end()) {
    out->description = text(found->second);
  }
  auto tokenizer = sections.find(kBundleTokenizer);
  if (tokenizer == sections.end()) tokenizer = sections.find(kBundleTokenizerJson);
  return tokenizer == sections.end() || SetTokenizer(tokenizer->second, out, error);
}

}  // namespace

bool OpenModel(const std::string& path, RunnableModel* out, std::string* error) {
  if (!path.ends_with(".bin")) return OpenFolder(path, out, error);
  out->model = Model::LoadLlama2c(path, error);
  return out->model != nullptr;
}

bool OpenBundle(const std::string& path, bool verify, RunnableModel* out, std::string* error) {
  out->file = MappedFile::Open(path, error);
  if (out->file == nullptr) return false;
  std::map<std::string, std::span<const uint8_t>> sections;
  if (ReadBundle(out->file->bytes(), verify, &sections, error) && UseSections(sections, out, error))
    return true;
  *error = path + ": " + *error;
  return false;
}

bool OpenOwnBundle(const std::string& argv0, bool verify, RunnableModel* out, std::string* error) {
  if (OpenBundle("/proc/self/exe", verify, out, error)) return true;
  std::string ignored;
  RunnableModel other;
  if (!OpenBundle(argv0, verify, &other, &ignored)) {
    *error += "; --model or --bundle names another";
    return false;
  }
  *out = std::move(other);
  return true;
}

}  // namespace bonsai::edge
