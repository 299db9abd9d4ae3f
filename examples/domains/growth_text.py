#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the text that the example of growing learns: growth_text.py CORPUS OUT.

OUT/old/<domain> are three domains of the main job's text. OUT/new/far is source code without its
documentation, from the Python library that this machine has; OUT/new/near is law, the licences of
what is installed here, or where there are too few a fourth domain of the main job. The same input
gives the same bytes.
"""
import hashlib
import io
import pathlib
import re
import shutil
import sys
import sysconfig
import tokenize

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cmake"))
import corpus  # noqa: E402

most_bytes = 3_000_000  # of each new domain
old_domains = ("literature", "software", "biology")


def in_hashed_order(texts):
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())


def up_to_most(texts):
    kept, budget = [], most_bytes
    for text in texts:
        budget -= len(text.encode()) + 1
        if budget < 0:
            break
        kept.append(text)
    return "\n".join(kept) + "\n"


def without_documentation(source):
    """A program without comments and without strings that stand alone, which document it."""
    lines = source.splitlines(keepends=True)
    gone = []
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        alone = token.type == tokenize.STRING and before in (
            tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT)
        if token.type == tokenize.COMMENT or alone:
            gone.append((token.start, token.end))
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type
    for (first, left), (last, right) in reversed(gone):
        lines[first - 1:last] = [lines[first - 1][:left] + lines[last - 1][right:]]
    return re.sub(r"\n\s*\n+", "\n", "".join(lines))


def programs():
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        if {"site-packages", "dist-packages", "test", "tests"} & set(path.parts):
            continue
        try:
            source = path.read_text("ascii")
            text = without_documentation(source)
        except (UnicodeDecodeError, SyntaxError, tokenize.TokenError, OSError):
            continue
        if 500 <= len(text) <= 60_000 and "\0" not in text:
            yield text


def law():
    """Licences: what the packages of this machine say of their own, no paragraph twice."""
    texts = corpus.from_this_machine()["licences"]["text"]
    seen, kept = set(), []
    for text in texts:
        for line in text.splitlines():
            words = re.sub(r"[^a-z]+", " ", line.lower())
            # Templates differ in names: their middle tells that they are the same.
            about = (words[:80], words[len(words) // 2:len(words) // 2 + 80])
            if len(line) >= 80 and not seen.intersection(about):
                kept.append(line)
            seen.update(about)
    return up_to_most(in_hashed_order(kept))


def main():
    gathered, out = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    there = sorted(path.name for path in gathered.iterdir() if path.is_dir())
    old = [name for name in old_domains if name in there] or there[:3]
    for name in old:
        shutil.copytree(gathered / name, out / "old" / name)
    for name in "far", "near":
        (out / "new" / name).mkdir(parents=True)
    (out / "new/far/source.txt").write_text(up_to_most(in_hashed_order(programs())), "utf-8")
    licences = law()
    if len(licences) >= 300_000:
        (out / "new/near/licences.txt").write_text(licences, "utf-8")
    else:
        for path in (gathered / next(name for name in there if name not in old)).iterdir():
            shutil.copy(path, out / "new/near")
    for path in sorted(out.rglob("*.txt")):
        print(f"{path.relative_to(out)}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
