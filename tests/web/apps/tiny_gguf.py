#!/usr/bin/python3
"""Writes a model of llama's shape with random weights: it says nonsense, and needs
neither a download nor time.

    tiny_gguf.py OUT.gguf
"""

import sys

import gguf
import numpy

EMBEDDING, BLOCKS, FORWARD, HEADS, CONTEXT = 64, 2, 128, 4, 4096
WORDS = "the of and to in is that for it as was with be by on not he his but at are this have".split()
TEMPLATE = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}<s>assistant:"


def vocabulary(out):
    Kind = gguf.TokenType
    pieces = [("<unk>", Kind.UNKNOWN), ("<s>", Kind.CONTROL), ("</s>", Kind.CONTROL)]
    pieces += [(f"<0x{byte:02X}>", Kind.BYTE) for byte in range(256)]
    pieces += [(f"\u2581{word}", Kind.NORMAL) for word in WORDS]
    out.add_tokenizer_model("llama")
    out.add_token_list([text for text, _ in pieces])
    out.add_token_scores([-float(i) for i in range(len(pieces))])
    out.add_token_types([kind for _, kind in pieces])
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_chat_template(TEMPLATE)
    return len(pieces)


def main(path):
    random = numpy.random.default_rng(1)
    out = gguf.GGUFWriter(path, "llama")
    out.add_name("A tiny model that says nonsense")
    out.add_context_length(CONTEXT)
    out.add_embedding_length(EMBEDDING)
    out.add_block_count(BLOCKS)
    out.add_feed_forward_length(FORWARD)
    out.add_head_count(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(EMBEDDING // HEADS)
    size = vocabulary(out)

    def add(name, *shape):
        out.add_tensor(name, random.standard_normal(shape, dtype=numpy.float32) / 8)

    def add_norm(name):
        out.add_tensor(name, numpy.ones(EMBEDDING, dtype=numpy.float32))

    add("token_embd.weight", size, EMBEDDING)
    # Words only, so that it can be read.
    head = random.standard_normal((size, EMBEDDING), dtype=numpy.float32)
    head[: size - len(WORDS)] = 0
    out.add_tensor("output.weight", head)
    add_norm("output_norm.weight")
    for block in range(BLOCKS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{block}.{name}.weight", EMBEDDING, EMBEDDING)
        for name in ("ffn_gate", "ffn_up"):
            add(f"blk.{block}.{name}.weight", FORWARD, EMBEDDING)
        add(f"blk.{block}.ffn_down.weight", EMBEDDING, FORWARD)
        add_norm(f"blk.{block}.attn_norm.weight")
        add_norm(f"blk.{block}.ffn_norm.weight")
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main(sys.argv[1])
