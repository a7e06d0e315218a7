#!/usr/bin/env python3
"""The kept inputs of a fuzz target: a text file in the repository, a folder of files for libFuzzer.

    corpus.py unpack FILE FOLDER     each line of FILE becomes a file of FOLDER
    corpus.py seed TARGET FOLDER     what else is in the repository that TARGET can begin with
    corpus.py keep FILE FOLDER [N]   adds to FILE the N (100) smallest inputs of FOLDER that are not in it;
                                     minimise FOLDER first, with -merge=1

A line is the input in quotes, with the escapes of an inline request.
"""
import glob
import hashlib
import os
import re
import sys

ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# More than one of these is taken by no target in a reasonable time, and read by no reviewer.
MAX_KEPT_BYTES = 400


def unquote(line):
    def replace(match):
        escape = match[1]
        return bytes([int(escape[1:], 16)]) if len(escape) == 3 else ESCAPES.get(escape, escape)

    return re.sub(rb"\\(x[0-9a-f]{2}|.)", replace, line.strip()[1:-1], flags=re.DOTALL)


def quote(data):
    names = {value: b"\\" + name for name, value in ESCAPES.items()} | {b'"': b'\\"', b"\\": b"\\\\"}
    parts = (names.get(bytes([c])) or (bytes([c]) if 0x20 <= c < 0x7F else b"\\x%02x" % c) for c in data)
    return b'"' + b"".join(parts) + b'"'


def read(path):
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        return [unquote(line) for line in file if line.startswith(b'"')]


def write_files(inputs, folder):
    os.makedirs(folder, exist_ok=True)
    for data in inputs:
        with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as file:
            file.write(data)


def transcripts():
    for path in glob.glob(os.path.join(TESTS, "transcripts", "*", "*.txt")):
        with open(path, "rb") as file:
            yield b"\n".join(line[2:].rstrip() for line in file if line.startswith(b"> "))


def seeds(target):
    if target == "commands_fuzz":
        return [text for text in transcripts() if len(text) < 3000]
    if target == "acl_fuzz":
        words = (re.findall(rb"SETUSER \S+ (.*)", text) for text in transcripts())
        return [b"\1" + rules.replace(b" ", b"\n") for text in words for rules in text]
    if target == "config_file_fuzz":
        with open(os.path.join(os.path.dirname(TESTS), "redis.conf.example"), "rb") as file:
            lines = [re.sub(rb"^# ?(?=[a-z-]+ \S+$)", b"", line.strip()) for line in file]
        return [line for line in lines if line and not line.startswith(b"#")]
    return []


def keep(path, folder, count):
    kept = read(path)
    found = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            found.append(file.read())
    known = set(kept)
    found = sorted((data for data in found if data not in known and len(data) <= MAX_KEPT_BYTES), key=lambda d: (len(d), d))
    with open(path, "wb") as file:
        file.writelines(quote(data) + b"\n" for data in kept + found[: max(0, count - len(kept))])


def main():
    match sys.argv[1:]:
        case ["unpack", path, folder]:
            write_files(read(path), folder)
        case ["seed", target, folder]:
            write_files(seeds(target), folder)
        case ["keep", path, folder, *count]:
            keep(path, folder, int(count[0]) if count else 100)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
