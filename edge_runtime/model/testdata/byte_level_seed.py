"""Writes the smallest tokenizer.json that is read, and a text, for a fuzz target to start from."""

import json

characters = [chr(b) for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
characters += [chr(256 + n) for n in range(256 - len(characters))]
step = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
vocab = {piece: i for i, piece in enumerate(characters + ["th", "the", "</s>"])}
print(json.dumps({
    "added_tokens": [{"id": 258, "content": "</s>", "special": True}],
    "normalizer": None,
    "pre_tokenizer": step,
    "decoder": step,
    "model": {"type": "BPE", "vocab": vocab, "merges": ["t h", ["th", "e"]]},
}) + "then the thief")
