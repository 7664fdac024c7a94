"""Reads lines of JSON {grammar, prefix, hidden, suffix, offered} and counts where the offered text breaks the document:
text behind the cursor that was code and is none any more, or the other way round; a closer that lost its opener; a bracket
that the text opens and leaves open before its end. A header, whose last character is such a bracket, is allowed."""

import collections
import json
import sys

import tree_sitter_language_pack

TEXT = {
    "string", "string_literal", "raw_string_literal", "interpreted_string_literal", "rune_literal", "char_literal",
    "character_literal", "template_string", "regex", "encapsed_string", "heredoc", "nowdoc", "raw_string", "ansi_c_string",
    "line_string_literal", "multi_line_string_literal", "multiline_string_literal", "system_lib_string", "jsx_text", "text",
    "regex_literal", "heredoc_body", "heredoc_redirect", "AttValue", "string_content",
}
OPENER = {b: a for a, b in zip(b"([{", b")]}")}
parsers = {}


def read(grammar, text):
    """[bytes] whether each is text, and whether the grammar understood all."""
    if grammar not in parsers:
        parsers[grammar] = tree_sitter_language_pack.get_parser(grammar)
    root = parsers[grammar].parse(text).root_node
    mask = bytearray(len(text))
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if "comment" in node.type or node.type in TEXT:
            mask[node.start_byte : node.end_byte] = b"\1" * (node.end_byte - node.start_byte)
        else:
            nodes.extend(node.children)
    return bytes(mask), not root.has_error


def balance(text, mask):
    """Closers without an opener, and positions of openers without a closer."""
    stack, lost = [], 0
    for position, char in enumerate(text):
        if mask[position]:
            continue
        if char in b"([{":
            stack.append((char, position))
        elif char in OPENER:
            if stack and stack[-1][0] == OPENER[char]:
                stack.pop()
            else:
                lost += 1
    return lost, [position for _, position in stack]


def breaks(case):
    """Kinds of breaks; None where the grammar does not understand the file as it is."""
    grammar = case["grammar"]
    prefix, hidden, suffix, offered = (case[key].encode() for key in ("prefix", "hidden", "suffix", "offered"))
    true, isUnderstood = read(grammar, prefix + hidden + suffix)
    if not isUnderstood:
        return None
    if offered.rstrip() == hidden.rstrip():
        return []
    if offered.rstrip()[-1:] in (b"(", b"[", b"{"):
        return ["header"]
    without, _ = read(grammar, prefix + suffix)
    new, _ = read(grammar, prefix + offered + suffix)
    kinds = []
    # A grammar may take white space to what stands before it.
    told = [at for at, char in enumerate(suffix) if not chr(char).isspace()]
    behind = [bytes(mask[len(mask) - len(suffix) + at] for at in told) for mask in (true, without, new)]
    if behind[2] not in behind[:2]:
        kinds.append("text")
    lost, opened = balance(prefix + offered + suffix, new)
    lostTrue, openedTrue = balance(prefix + hidden + suffix, true)
    if lost > max(lostTrue, balance(prefix + suffix, without)[0]):
        kinds.append("closer")
    if len(opened) > len(openedTrue) and any(0 <= at - len(prefix) < len(offered) for at in opened):
        kinds.append("bracket")
    return kinds


counts = collections.Counter()
for line in sys.stdin:
    case = json.loads(line)
    if case["offered"] == "":
        continue
    found = breaks(case)
    counts["notUnderstood" if found is None else "judged"] += 1
    for kind in found or []:
        counts[kind] += 1
        if kind != "header":
            print(kind, case["place"], json.dumps(case["offered"]))
total = counts["text"] + counts["closer"] + counts["bracket"]
print(f"grammars judged {counts['judged']} texts: {total} breaks, {counts['header']} headers;", dict(counts))
