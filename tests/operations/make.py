#!/usr/bin/env python3
"""Makes `src/operations.txt`, the list of Descope's operations, from descriptions of the API.

    make.py --catalog catalog.json --types types.json [--openapi descope-openapi.yml]
    make.py --drift --catalog catalog.json --types types.json [--openapi descope-openapi.yml]

The first form writes the list anew. It keeps what was written by hand: the marks of an operation, its
`without`, `also`, `taken`, `unsent` and `unrefused` lines, and operations that no description has. The second
form writes nothing. It prints what the descriptions have and the list lacks, and what the list has and no
description knows, and exits with 1 if there is any.

`--catalog` and `--types` describe what the official SDKs send: a list of operations, and the types that
their fields name. `--openapi` is Descope's published description, in YAML (which needs PyYAML) or JSON.
It adds the operations that no official SDK has. Where both describe an operation, the list follows the
SDKs, and `--drift` prints the fields that only OpenAPI has.
"""

import argparse
import json
import re
import sys
from pathlib import Path

LIST = Path(__file__).parents[2] / "src/operations.txt"
BEARERS = {
    "project": "project",
    "project+refresh_jwt": "refresh",
    "project+refresh_jwt_if_stepup_or_mfa": "refresh?",
    "project+access_key": "accesskey",
    "project+mgmt_key": "management",
    "project+mgmt_key|inbound_app_token": "management",
}
SDKS = {"python171": "python1", "python2161": "python2", "node": "node", "go": "go"}
WORDS = {"string": "text", "object": "{any}", "number": "number", "any": "any", "bool": "bool"}
BY_HAND = ("without ", "also ", "taken ", "unsent ", "unrefused ")
DEPTH = 5


class Block:
    """An operation of the list: its columns, and its lines by their first word."""

    def __init__(self, name, bearer, marks, sources):
        self.name, self.bearer, self.marks, self.sources = name, bearer, marks, sources
        self.query = self.body = self.answer = ""
        self.by_hand = []

    def text(self):
        lines = [f"{self.name} {self.bearer} {self.marks} {self.sources}"]
        for word in ("query", "body", "answer"):
            if value := getattr(self, word):
                lines.append(f"  {word} {value}")
        return "\n".join(lines + [f"  {line}" for line in self.by_hand]) + "\n"


def same(name):
    """An operation's name without the names of its parameters, which descriptions choose freely."""
    return re.sub(r"\{[^}]*\}", "{}", name)


def read(text):
    """The head of a list, its operations by name, and its types."""
    head, blocks, types, last = [], {}, {}, None
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            if not blocks:
                head.append(line)
        elif line.startswith("type "):
            name, _, fields = line.removeprefix("type ").partition(" ")
            types[name] = fields
        elif not line.startswith(" "):
            method, path, *columns = line.split(" ")
            last = Block(f"{method} {path}", *columns)
            blocks[same(last.name)] = last
        elif line.strip().startswith(BY_HAND):
            last.by_hand.append(line.strip())
        else:
            word, _, value = line.strip().partition(" ")
            setattr(last, word, value)
    return "\n".join(head).rstrip("\n"), blocks, types


# What the SDKs send.


def word(of, types):
    """A type of the catalogue in the list's words."""
    if match := re.fullmatch(r"array<(.*)>", of):
        return f"[{word(match[1], types)}]"
    if match := re.fullmatch(r"map<string,(.*)>", of):
        return f"{{{word(match[1], types)}}}"
    if re.fullmatch(r"u?int(32|64)", of):
        return "int"
    if of in types:
        return "text" if types[of]["kind"] == "enum" else of
    if "int32|" in of or "|int32" in of:
        return "digits"
    if "|" in of:
        return "any"
    if re.fullmatch(r"string\(u?int(32|64)\)", of):
        return "digits"
    return "base64" if of == "string(base64)" else WORDS[of]


def field(of, types):
    if re.search(r"\W", of["name"]):
        return word(of["type"], types)  # the whole body
    note = of.get("note", "")
    # Another SDK's name of a field is never beside it in an answer.
    only = "<" if "Response only" in note else ">" if re.search(r"\bname of \w+\.$", note) else ""
    mark = "!" if of.get("required") else only
    return f"{of['name']}{mark}:{word(of['type'], types)}"


def answer(of, types):
    if isinstance(of, str):
        return "" if of == "none" else word(of, types)
    return " ".join(f"{name}:{answer_word(value, types)}" for name, value in of.items())


def answer_word(of, types):
    """A member of an answer; one that is described in place has its members in parentheses."""
    if isinstance(of, str):
        return word(of, types)
    if "optional" in of:
        return answer_word(of["type"], types)
    return "(" + " ".join(f"{name}:{answer_word(value, types)}" for name, value in of.items()) + ")"


def from_catalog(catalog, types):
    blocks = {}
    for of in catalog:
        sources = ",".join(short for sdk, short in SDKS.items() if of["sdk"].get(sdk)) or "-"
        block = Block(f"{of['http']} {of['path']}", BEARERS[of["auth"]], "-", sources)
        block.query = " ".join(field(part, types) for part in of["query"])
        block.body = " ".join(field(part, types) for part in of["body"])
        block.answer = answer(of["response"], types)
        blocks[same(block.name)] = block
    return blocks


def type_lines(types):
    of_object = {name: of for name, of in types.items() if of["kind"] == "object"}
    return {
        name: " ".join(field(part, types) for part in of["fields"])
        for name, of in of_object.items()
    }


def used(blocks, types):
    """The types that operations name, and those that these name."""
    names, left = set(), [f"{block.query} {block.body} {block.answer}" for block in blocks.values()]
    while left:
        for name in re.findall(r"\w+", re.sub(r"[\w.\[\]]+!?:", "", left.pop())):
            if name in types and name not in names:
                names.add(name)
                left.append(types[name])
    return {name: types[name] for name in sorted(names)}


# What Descope publishes.


def load(path):
    text = Path(path).read_text()
    if path.endswith(".json"):
        return json.loads(text)
    try:
        import yaml
    except ImportError:
        sys.exit(f"{path} is YAML: install PyYAML, or give it as JSON")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class OpenApi:
    def __init__(self, description):
        self.description = description

    def resolved(self, schema):
        while "$ref" in schema:
            at = self.description
            for part in schema["$ref"].removeprefix("#/").split("/"):
                at = at.get(part, {})  # the published description names some types that it lacks
            schema = at
        return schema

    def word(self, schema, depth=0):
        schema = self.resolved(schema)
        if parts := schema.get("allOf"):
            return self.word(parts[0], depth)
        of, members = schema.get("type"), schema.get("properties")
        if of == "array":
            return f"[{self.word(schema.get('items', {}), depth)}]"
        if members:
            return f"({self.members(schema, depth + 1)})" if depth < DEPTH else "{any}"
        if of == "object":
            values = schema.get("additionalProperties")
            return f"{{{self.word(values, DEPTH)}}}" if isinstance(values, dict) else "{any}"
        words = {"string": "text", "integer": "int", "boolean": "bool", "number": "number"}
        return words.get(of, "any")

    def members(self, schema, depth=0):
        required = schema.get("required", [])
        members = schema.get("properties", {}).items()
        return " ".join(
            f"{name}{'!' if name in required else ''}:{self.word(of, depth)}" for name, of in members
        )

    def content(self, of):
        """The fields of a body or an answer in JSON."""
        schema = self.resolved(of).get("content", {}).get("application/json", {}).get("schema")
        if not schema:
            return ""
        schema = self.resolved(schema)
        return self.members(schema) if schema.get("properties") else self.whole(schema)

    def whole(self, schema):
        found = self.word(schema)
        return "" if found in ("any", "{any}") else found

    def bearer(self, of):
        """The key that a call needs, by the name of its security scheme."""
        schemes = {name.lower() for one in of.get("security", []) for name in one}
        for part, bearer in (("management", "management"), ("refresh", "refresh"), ("access key", "accesskey")):
            if any(part in name for name in schemes):
                return bearer
        return "project"

    def blocks(self):
        found = {}
        for path, methods in self.description["paths"].items():
            shared = methods.get("parameters", [])
            for method, of in methods.items():
                if method not in ("get", "post", "put", "patch", "delete") or of.get("deprecated"):
                    continue
                block = Block(f"{method.upper()} {path}", self.bearer(of), "-", "openapi")
                given = [self.resolved(one) for one in [*shared, *of.get("parameters", [])]]
                query = [one for one in given if one["in"] == "query"]
                block.query = " ".join(
                    f"{one['name']}{'!' if one.get('required') else ''}:{self.word(one.get('schema', {}))}"
                    for one in query
                )
                block.body = self.content(of.get("requestBody", {}))
                block.answer = self.content(of.get("responses", {}).get("200", {}))
                found[same(block.name)] = block
        return found


def matched(published, catalogued):
    """The published operations under the keys of the catalogue, which has one for all delivery methods."""
    pattern = lambda key: re.compile(re.escape(key).replace(r"\{\}", "[^/]+") + "$")
    patterns = [(key, pattern(key)) for key in catalogued]
    found = {}
    for key, block in published.items():
        own = pattern(key)
        alike = (of for of, to in patterns if to.match(key) or own.match(of))
        like = None if key in catalogued else next(alike, None)
        if like and like in found:
            block = both(found[like], block)
        found[like or key] = block
    return found


def both(one, other):
    """An operation with the fields of two, such as those for e-mail and for SMS."""
    for word in ("query", "body", "answer"):
        has = {name for name, _ in parse(getattr(one, word))}
        more = [f"{name}:{of}" for name, of in parse(getattr(other, word)) if name not in has]
        setattr(one, word, " ".join([getattr(one, word), *more]).strip())
    return one


# Comparing.


def parse(text):
    """The members of a line: name and type, at the outermost level."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text + " "):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == " " and not depth:
            if part := text[start:at]:
                name, colon, of = part.partition(":")
                parts.append((name.rstrip("!<>"), of) if colon and "(" not in name else ("", part))
            start = at + 1
    return parts


def paths(text, types, seen=()):
    """Dotted paths of all fields of a line."""
    found = set()
    for name, of in parse(text):
        found |= {name} if name else set()
        inner = of.strip("[]")
        below = inner[1:-1] if inner.startswith("(") else types.get(inner, "") if inner not in seen else ""
        dot = f"{name}." if name else ""
        found |= {dot + path for path in paths(below, types, (*seen, inner))}
    return found


def fields(block, types):
    """What a block sends and answers, and what it sends by hand."""
    also = [line for line in block.by_hand if line.startswith("also ")]
    by_hand = " ".join(line.removeprefix("also ").split(" -- ")[0] for line in also)
    sent = {f"?{path}" for path in paths(block.query, types)} | paths(block.body, types)
    return {"sends": sent, "answers": paths(block.answer, types)}, paths(by_hand, types)


def outermost(found):
    """Without what is within something that was found too."""
    return ", ".join(sorted(path for path in found if path.rpartition(".")[0] not in found))


def drift(old, old_types, new, new_types, published):
    """What the descriptions have and the list lacks, and the other way round."""
    lines = []
    for key, block in {**published, **new}.items():
        if key not in old:
            lines.append(f"new operation: {block.name}")
            continue
        # The two descriptions of one operation count together.
        forms = [(new[key], new_types)] if key in new else []
        forms += [(published[key], {})] if key in published else []
        has, by_hand = fields(old[key], old_types)
        for kind in ("sends", "answers"):
            known = set().union(*(fields(*form)[0][kind] for form in forms))
            if found := outermost(known - has[kind] - by_hand):
                lines.append(f"new: {old[key].name} {kind} {found}")
            if found := outermost(has[kind] - known):
                lines.append(f"gone: {old[key].name} {kind} {found}")
        if found := outermost(by_hand & fields(*forms[0])[0]["sends"]):
            lines.append(f"described by now, so needs no `also`: {old[key].name} sends {found}")
    for key, block in old.items():
        if key not in {**new, **published} and (published or block.sources != "openapi"):
            lines.append(f"gone: {block.name}")
    return lines


def merge(old, new, published):
    """The new operations with what was written by hand, and the old ones that are only there by hand."""
    merged = {**published, **new}
    for key, block in merged.items():
        if key in published and block is not published[key]:
            block.sources = ",".join([block.sources, "openapi"]).removeprefix("-,")
        if before := old.get(key):
            block.marks, block.by_hand = before.marks, before.by_hand
    for key, block in old.items():
        merged.setdefault(key, block)
    return merged


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--catalog", required=True)
    arguments.add_argument("--types", required=True)
    arguments.add_argument("--openapi")
    arguments.add_argument("--drift", action="store_true")
    given = arguments.parse_args()
    types = json.loads(Path(given.types).read_text())
    new = from_catalog(json.loads(Path(given.catalog).read_text()), types)
    published = matched(OpenApi(load(given.openapi)).blocks(), new) if given.openapi else {}
    head, old, old_types = read(LIST.read_text() if LIST.exists() else "")
    if given.drift:
        found = drift(old, old_types, new, type_lines(types), published)
        print("\n".join(found) or "the list has all of it")
        sys.exit(1 if found else 0)
    blocks = merge(old, new, published)
    order = sorted(blocks.values(), key=lambda block: block.name.split(" ")[::-1])
    lines = [f"type {name} {of}\n" for name, of in used(blocks, {**old_types, **type_lines(types)}).items()]
    LIST.write_text(f"{head}\n\n" + "".join(block.text() for block in order) + "\n" + "".join(lines))
    print(f"{len(order)} operations, {len(lines)} types")


if __name__ == "__main__":
    main()
