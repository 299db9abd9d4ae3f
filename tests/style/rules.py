#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of this folder can fail: each finds the one mistake in a small house made for it."""
import pathlib
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
spdx = "// SPDX-License-Identifier: MIT\n"
header = (spdx + "// A thing.\n#pragma once\n\n#include <cmath>\n\n"
          "inline int thing() { return 1; }\n")
test = spdx + '#include <moe/op/thing.hpp>\n\nTEST_CASE("thing") {}\n'
example = (spdx + "// What it shows.\n\n"
           "int main() {\n    // [call]\n    thing();\n    // [call]\n}\n")
document = ("<!-- from: examples/01.cpp call -->\n\n```cpp\nthing();\n```\n\n"
            "<!-- from: examples/01.cpp -->\n```cpp\n" + example.split("\n\n", 1)[1] + "```\n")
sound = {
    "cmake/rooms.cmake": "set(MOE_ROOMS core op app)\n".replace("op", "op recipe"),
    "include/moe/op/thing.hpp": header,
    "include/moe/op/thing.cpu.hpp": header.replace("<cmath>", "<moe/op/thing.hpp>"),
    "include/moe/op/op.hpp": spdx + "#pragma once\n\n#include <moe/op/thing.hpp>\n",
    "include/moe/core/name.hpp": header,
    "include/moe/app/main.hpp": header.replace("<cmath>", "<moe/moe.hpp>"),
    "include/moe/moe.hpp": spdx + "#pragma once\n\n#include <moe/op/op.hpp>\n",
    "tests/op/thing.cpp": test,
    "tests/core/name.cpp": test,
    "tests/app/main.cpp": test,
    "examples/01.cpp": example,
    "README.md": document,
}
# rule, file, what is replaced in it, by what, and what the rule must say
mistakes = [
    ("rooms", "include/moe/core/name.hpp", "<cmath>", "<moe/op/thing.hpp>", "a later room"),
    ("rooms", "include/moe/core/name.hpp", "<cmath>", "<moe/moe.hpp>", "a later room"),
    ("rooms", "include/moe/op/thing.hpp", "<cmath>", "<iostream>", "too heavy"),
    ("rooms", "include/moe/op/thing.hpp", "<cmath>", '"name.hpp"', "write <moe/room/file.hpp>"),
    ("rooms", "include/moe/op/thing.hpp", "<cmath>", "<moe/core/none.hpp>", "does not exist"),
    ("rooms", "include/moe/app/main.hpp", "<moe/moe.hpp>", "<CLI/CLI.hpp>", "other libraries"),
    ("rooms", "cmake/rooms.cmake", " app", "", "is not a room"),
    ("lengths", "include/moe/op/thing.hpp", "inline", "\n" * 400 + "inline", "400 is the limit"),
    ("lengths", "tests/op/thing.cpp", "{}", "{}  //" + "x" * 99, "100 is the limit"),
    ("mirror", "include/moe/op/thing.cpu.hpp", None, "include/moe/op/other.hpp", "no test"),
    ("mirror", "tests/op/thing.cpp", None, "tests/op/other.cpp", "no header"),
    ("mirror", "tests/op/thing.cpp", "TEST_CASE", "int f", "tests nothing"),
    ("words", "include/moe/op/thing.hpp", "inline", "virtual", "virtual"),
    ("words", "include/moe/op/thing.hpp", "int thing", "std::function<int()> f", "std::function"),
    ("words", "include/moe/op/thing.cpu.hpp", "return 1", "return std::exp(1)", "std::exp"),
    ("words", "include/moe/op/thing.hpp", "return 1", "return typeid(int)", "typeid"),
    ("words", "include/moe/op/thing.hpp", "int thing()", "std::atomic<float> f()", "float atomic"),
    ("words", "include/moe/op/thing.hpp", "A thing", "@param x a thing", "a comment says why"),
    ("words", "include/moe/op/thing.hpp", spdx, "", "the first line"),
    ("words", "include/moe/op/thing.hpp", "#pragma once", "", "#pragma once"),
    ("words", "tests/op/thing.cpp", spdx, "", "does not say"),
    ("paths", "README.md", "thing();", "see /wo" "rk/here", "a path of one machine"),
    ("paths", "README.md", "thing();", "TO" "DO", "left undone"),
    ("docs", "README.md", "thing();\n", "other();\n", "differs from"),
    ("docs", "README.md", "<!-- from: examples/01.cpp call -->", "", "without a line"),
    ("docs", "README.md", "01.cpp call", "02.cpp call", "does not exist"),
    ("docs", "README.md", "01.cpp call", "01.cpp tall", "has no region"),
    ("docs", "README.md", "examples/01.cpp call", "README.md call", "is not under examples/"),
    ("format", "tests/op/thing.cpp", "{}", "{ }", "not as clang-format"),
]

# A trainer in small, and what binary.py must say when its step does this instead.
trainer = """
namespace moe {
struct pool { template <class W> void run(const W& w); void run_work(int); };
void (*volatile pointer)(int);
__attribute__((noinline)) void pool::run_work(int i) { pointer(i); }
template <class R> struct trainer { __attribute__((noinline)) void step(int i); };
struct recipe;
__attribute__((noinline)) int part(int i) { return i * 3; }
HELPER
template <class R> void trainer<R>::step(int i) { pool().run_work(part(i)); STEP }
}
int main(int n, char**) { moe::trainer<moe::recipe>().step(n); }
"""
shape = ("struct shape { virtual int area(int) = 0; };"
         "struct square : shape { int area(int i) override { return i * i; } };"
         "square one; shape* volatile some = &one;")
binaries = [
    ("", "", None),
    ("", "switch (i) { case 0: part(1); break; case 1: i += 7; break; case 2: part(9); break;"
     "case 3: i *= 5; break; case 4: part(i); break; case 5: i -= 3; } part(i);", None),
    ("", "pointer(i);", "in moe::trainer<moe::recipe>::step"),
    ("__attribute__((noinline)) void far(int i) { pointer(i + 1); pointer(i); }", "far(i);", "far"),
    (shape, "part(some->area(i));", "vtable for moe::"),
]


def build(top, files):
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def said(rule, files):
    """(exit code, words) of a rule over a house of these files."""
    with tempfile.TemporaryDirectory() as folder:
        build(pathlib.Path(folder), files)
        style = (here.parents[1] / ".clang-format").read_text()
        pathlib.Path(folder, ".clang-format").write_text(style)
        told = subprocess.run([sys.executable, here / f"{rule}.py", folder],
                              stdout=subprocess.PIPE, text=True)
        return told.returncode, told.stdout


def said_of_binary(helper, step):
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder, "t.cpp"), pathlib.Path(folder, "t")
        source.write_text(trainer.replace("HELPER", helper).replace("STEP", step))
        subprocess.run(["c++", "-std=c++20", "-O2", "-w", source, "-o", program], check=True)
        told = subprocess.run([sys.executable, here / "binary.py", program],
                              stdout=subprocess.PIPE, text=True)
        return told.returncode, told.stdout


def main():
    passed = failed = 0
    for helper, step, expected in binaries:
        code, words = said_of_binary(helper, step)
        if (code == 0) if expected is None else (code == 1 and expected in words):
            passed += 1
        else:
            failed += 1
            print(f"binary says of a step with '{helper}{step}':\n{words}")
    for rule in dict.fromkeys(mistake[0] for mistake in mistakes):
        code, words = said(rule, sound)
        passed, failed = (passed + 1, failed) if code == 0 else (passed, failed + 1)
        if code != 0:
            print(f"{rule} finds something in a sound house:\n{words}")
    for rule, name, old, new, expected in mistakes:
        files = dict(sound)
        if old is None:
            files[new] = files.pop(name)
        else:
            assert old in files[name], (rule, name, old)
            files[name] = files[name].replace(old, new)
        code, words = said(rule, files)
        if words.startswith("skipped: ") or (code == 1 and expected in words):
            passed += 1
        else:
            failed += 1
            print(f"{rule} does not find {new!r} in {name}; it says:\n{words}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
