# SPDX-License-Identifier: MIT
"""What the scripts of this folder share: where the repository is, its rooms, its headers, and how
a script reports. Each script takes the folder of a repository, by default its own."""
import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parents[2]


def root():
    """The repository under test; the first argument, if it is a folder."""
    given = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    return given if given.is_dir() else here


def rooms(top):
    listed = re.search(r"set\(MOE_ROOMS ([^)]*)\)", (top / "cmake/rooms.cmake").read_text())
    return listed[1].split()


def headers(top):
    files = sorted((top / "include/moe").rglob("*"))
    return [path for path in files if path.suffix in (".hpp", ".cuh")]


def tracked(top):
    """Every file that git knows or would take; in a folder without git, every file."""
    listing = subprocess.run(["git", "-C", top, "ls-files", "-co", "--exclude-standard"],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if listing.returncode == 0:
        return [top / name for name in listing.stdout.splitlines() if (top / name).is_file()]
    return [path for path in sorted(top.rglob("*")) if path.is_file()]


def without_comments(text):
    """The code, line for line: comments and string literals blanked."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    keep = lambda found: "\n" * found[0].count("\n") or " "
    return re.sub(pattern, keep, text, flags=re.S)


def report(rule, problems):
    """Prints 'file:line: problem' lines and ends the script."""
    problems = list(problems)
    for problem in problems:
        print(problem)
    print(f"{rule}: {len(problems)} found")
    sys.exit(1 if problems else 0)
