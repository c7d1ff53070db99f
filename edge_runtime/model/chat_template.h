// How an instruction becomes a prompt: the text in front of a response, and the same as a Jinja template,
// which other programs render for a conversation. The trainer trains with the one and ships the other with
// the model.
//
// Pure functions; standard library only.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_CHAT_TEMPLATE_H_
#define BONSAI_EDGE_RUNTIME_MODEL_CHAT_TEMPLATE_H_

#include <string>
#include <string_view>

#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {

enum class ChatTemplate {
  kAlpaca,  // the wording of Stanford Alpaca: "### Instruction:", "### Input:", "### Response:"
  kLlama2,  // "[INST] ... [/INST]"
  kChatml,  // "<|im_start|>user\n...<|im_end|>\n<|im_start|>assistant\n"
};

// The prompt of one user turn, up to where the response begins. In every template the response ends with the
// tokenizer's EOS, which is what every engine stops at. An input, where there is one, is Alpaca's "###
// Input:"; the others have it on a line of its own behind the instruction.
std::string ChatPrompt(ChatTemplate chat_template, std::string_view instruction, std::string_view input);

// A Jinja template as transformers' apply_chat_template renders it, from messages of roles system, user and
// assistant (a user's may have an "input" beside its content), bos_token, eos_token and
// add_generation_prompt. For one user turn it gives BOS and the prompt, with a space between them if
// `space_first`: a tokenizer that puts a space before every text does not do so behind a special token, so
// without it the ids would be others than in training.
std::string ChatJinja(ChatTemplate chat_template, bool space_first);

// Whether the tokenizer puts a space before every text.
bool PutsSpaceFirst(const Tokenizer& tokenizer);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_CHAT_TEMPLATE_H_
