#include "edge_runtime/model/chat_template.h"

#include <cstdlib>

namespace bonsai::edge {
namespace {

constexpr char kWithoutInput[] =
    "Below is an instruction that describes a task. Write a response that appropriately completes the "
    "request.";
constexpr char kWithInput[] =
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write "
    "a response that appropriately completes the request.";

// SPACE, WITHOUT_INPUT and WITH_INPUT are replaced. All tags trim the white space around them, so the layout
// is free.
constexpr char kAlpacaJinja[] = R"({{- bos_token + SPACE -}}
{%- for message in messages -%}
  {%- if message['role'] == 'system' -%}
    {{- message['content'] + '\n\n' -}}
  {%- elif message['role'] == 'user' -%}
    {%- if loop.first -%}
      {{- (WITH_INPUT if message['input'] else WITHOUT_INPUT) + '\n\n' -}}
    {%- elif messages[loop.index0 - 1]['role'] != 'system' -%}
      {{- '\n\n' -}}
    {%- endif -%}
    {{- '### Instruction:\n' + message['content'] -}}
    {%- if message['input'] -%}
      {{- '\n\n### Input:\n' + message['input'] -}}
    {%- endif -%}
  {%- elif message['role'] == 'assistant' -%}
    {{- '\n\n### Response:' + SPACE + message['content'] + eos_token -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '\n\n### Response:' -}}
{%- endif -%})";

constexpr char kLlama2Jinja[] = R"({%- set with_system = messages[0]['role'] == 'system' -%}
{%- for message in messages -%}
  {%- if message['role'] == 'user' -%}
    {{- bos_token + SPACE + '[INST] ' -}}
    {%- if with_system and loop.index0 == 1 -%}
      {{- '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' -}}
    {%- endif -%}
    {{- message['content'] + ('\n' + message['input'] if message['input'] else '') + ' [/INST]' -}}
  {%- elif message['role'] == 'assistant' -%}
    {{- SPACE + message['content'] + eos_token -}}
  {%- endif -%}
{%- endfor -%})";

constexpr char kChatmlJinja[] = R"({{- bos_token + SPACE -}}
{%- for message in messages -%}
  {{- '<|im_start|>' + message['role'] + '\n' -}}
  {%- if message['role'] == 'assistant' -%}
    {{- SPACE + message['content'] + eos_token -}}
  {%- else -%}
    {{- message['content'] + ('\n' + message['input'] if message['input'] else '') + '<|im_end|>' -}}
  {%- endif -%}
  {{- '\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<|im_start|>assistant\n' -}}
{%- endif -%})";

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string Join(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace

std::string ChatPrompt(ChatTemplate chat_template, std::string_view instruction, std::string_view input) {
  const bool plain = input.empty();
  const std::string_view line = plain ? "" : "\n";
  switch (chat_template) {
    case ChatTemplate::kAlpaca:
      return Join({plain ? kWithoutInput : kWithInput, "\n\n### Instruction:\n", instruction,
                   plain ? "" : "\n\n### Input:\n", input, "\n\n### Response:"});
    case ChatTemplate::kLlama2:
      return Join({"[INST] ", instruction, line, input, " [/INST]"});
    case ChatTemplate::kChatml:
      return Join({"<|im_start|>user\n", instruction, line, input, "<|im_end|>\n<|im_start|>assistant\n"});
  }
  std::abort();
}

std::string ChatJinja(ChatTemplate chat_template, bool space_first) {
  const char* text = chat_template == ChatTemplate::kAlpaca   ? kAlpacaJinja
                     : chat_template == ChatTemplate::kLlama2 ? kLlama2Jinja
                                                              : kChatmlJinja;
  const std::string spaced = Replaced(text, "SPACE", space_first ? "' '" : "''");
  return Replaced(Replaced(spaced, "WITHOUT_INPUT", Join({"'", kWithoutInput, "'"})), "WITH_INPUT",
                  Join({"'", kWithInput, "'"}));
}

bool PutsSpaceFirst(const Tokenizer& tokenizer) {
  const std::vector<int32_t> ids = tokenizer.Encode("a");
  return !ids.empty() && tokenizer.Piece(ids[0]).substr(0, 3) == "\u2581";
}

}  // namespace bonsai::edge
