#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the virtual environment of the parity tests: environment.py FOLDER.

The package index has torch only with CUDA; its libraries are some 4 GB that no test here runs. So
torch is installed without them, and for each CUDA library that it links against a stand-in of the
same name is compiled, whose functions all answer 'no device'. If torch does not start that way,
everything is installed as the index wants it.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

requirements = pathlib.Path(__file__).with_name("requirements.txt")
no_device = 100  # cudaErrorNoDevice
cuda_library = re.compile(r"lib(cu|nccl|nv).*\.so\.\d+$")
cuda_symbol = re.compile(r"(_*cu|nccl|nv)[A-Za-z0-9_]+$")


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def wanted_of(torch_libraries):
    """{library: {version: {symbol, ...}}}; symbols without a version go to the first library."""
    wanted, loose, versioned = {}, set(), set()
    for library in torch_libraries:
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", library)):
            if cuda_library.match(name):
                wanted.setdefault(name, {})
        home = {}
        for line in run("readelf", "-VW", library).splitlines():
            if found := re.search(r"File: (\S+)", line):
                name = found[1]
            elif (found := re.search(r"Name: (\S+) .*Version: ", line)) and name in wanted:
                home[found[1]] = wanted[name].setdefault(found[1], set())
        for line in run("readelf", "-W", "--dyn-syms", library).splitlines():
            words = line.split()
            if len(words) < 8 or words[6] != "UND":
                continue
            symbol, _, version = words[7].partition("@")
            if version in home:
                home[version].add(symbol)
                versioned.add(symbol)
            elif cuda_symbol.match(symbol):
                loose.add(symbol)
    wanted[min(wanted)][""] = loose - versioned
    return wanted


def stand_in(folder, name, symbols_of):
    """Compiles a library of that name whose functions all answer 'no device'."""
    with tempfile.TemporaryDirectory() as scratch:
        source, script = pathlib.Path(scratch, "s.c"), pathlib.Path(scratch, "s.map")
        source.write_text("".join(f"int {symbol}(void) {{ return {no_device}; }}\n"
                                  for symbols in symbols_of.values() for symbol in sorted(symbols)))
        script.write_text("".join(
            version + " { global: " + " ".join(f"{symbol};" for symbol in sorted(symbols)) + " };\n"
            for version, symbols in symbols_of.items() if version) or "{ global: *; };")
        run("cc", "-shared", "-fPIC", "-w", source, f"-Wl,-soname,{name}",
            f"-Wl,--version-script={script}", "-o", folder / name)


def starts(python):
    check = ("import torch; t = torch.ones(3, 3);"
             "assert (t @ t).sum() == 27 and not torch.cuda.is_available()")
    return subprocess.run([python, "-c", check], stderr=subprocess.DEVNULL).returncode == 0


def install_without_cuda(python):
    pins = [p for p in requirements.read_text().splitlines() if p and not p.startswith("#")]
    pip = (python, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
    run(*pip, *(p for p in pins if not p.startswith("torch==")))
    run(*pip, "--no-deps", *(p for p in pins if p.startswith("torch==")))
    find = "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    folder = pathlib.Path(run(python, "-c", find).strip(), "lib")
    for name, symbols in wanted_of(sorted(folder.glob("*.so"))).items():
        stand_in(folder, name, symbols)


def main():
    folder = pathlib.Path(sys.argv[1])
    run(sys.executable, "-m", "venv", "--clear", folder)
    python = folder / "bin" / "python"
    try:
        install_without_cuda(python)
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        print(f"torch without CUDA: {error}")
    if not starts(python):
        print("torch does not start without its CUDA libraries here: installing them (about 4 GB)")
        run(sys.executable, "-m", "venv", "--clear", folder)
        run(python, "-m", "pip", "install", "--quiet", "--no-compile", "-r", requirements)
        if not starts(python):
            sys.exit("torch does not run in " + str(folder))
    print(f"the parity environment stands in {folder}")


if __name__ == "__main__":
    main()
