#include "coordinator/scheduler/export_label.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace bonsai {

void CheckExportable(const v1::JobSpec& maker, ProblemList& problems) {
  const v1::ModelShape& shape = maker.pretrain().model();
  std::string option;
  if (shape.qk_norm()) {
    option = "qk_norm is true";
  } else if (shape.activation() == v1::ModelShape::RELU_SQUARED) {
    option = "activation is RELU_SQUARED";
  } else if (shape.logit_soft_cap() != 0) {
    option = absl::StrCat("logit_soft_cap is ", shape.logit_soft_cap());
  } else {
    return;
  }
  problems.AddLine(
      absl::StrCat("export.model comes from @", maker.name(), ", whose pretrain.model.", option,
                   ": neither LlamaForCausalLM nor llama2.c computes that; evaluate and build take "
                   "such a model as it is"));
}

void CheckExportFormats(const v1::ExportSpec& spec, const v1::JobSpec& tokenizer, ProblemList& problems) {
  if (tokenizer.tokenizer().algorithm() != v1::TokenizerSpec::BYTE_LEVEL_BPE) return;
  for (int number : spec.formats()) {
    const auto format = static_cast<v1::ExportSpec::Format>(number);
    std::string why;
    if (format == v1::ExportSpec::LLAMA2C) why = ", whose tokenizer.bin has no byte-level merges";
    if (format == v1::ExportSpec::GGUF_F32 || format == v1::ExportSpec::GGUF_F16)
      why = ", which is written with SentencePiece pieces only";
    if (why.empty()) continue;
    problems.AddLine(absl::StrCat("export.formats has ", v1::ExportSpec::Format_Name(format), why, "; @",
                                  tokenizer.name(), " is BYTE_LEVEL_BPE: must be HUGGING_FACE alone"));
    return;
  }
}

}  // namespace bonsai
