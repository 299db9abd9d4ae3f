#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A file includes files of its own room and of earlier ones, written <moe/room/file.hpp>; the rooms
up to 'recipe' keep to the light headers of the standard library. The umbrella moe.hpp may include
every room, and only the last room may include it."""
import re

import house

light = set("cstdint cstddef concepts type_traits bit array span string_view cmath cstring cstdio "
            "limits charconv".split())
# What a room may include besides: the library's and the system's.
besides = {
    "core": {"cstdlib", "string", "stdexcept", "limits"},
    "device": {"atomic", "thread", "memory", "vector", "new", "utility", "immintrin.h", "pthread.h",
               "sched.h", "sys/mman.h", "chrono", "algorithm", "string", "source_location",
               "ucontext.h", "exception"},
    "comm": {"string", "vector", "memory", "chrono", "utility", "thread", "mutex",
             "condition_variable", "exception", "cstdlib", "initializer_list", "algorithm",
             "numeric"},
}
third_party = re.compile(r"nlohmann/|CLI/|xxhash|sentencepiece|mpi\.h$")


def problems(top):
    order = house.rooms(top)
    for path in house.headers(top):
        parts = path.relative_to(top / "include/moe").parts
        room = parts[0] if len(parts) > 1 else None
        if room and room not in order:
            yield f"{path}:1: '{room}' is not a room of cmake/rooms.cmake"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r"\s*#\s*include\s*([<\"])([^>\"]*)[>\"]", line)
            if not found:
                continue
            where, name = f"{path}:{number}:", found[2]
            if found[1] == '"':
                yield f'{where} "{name}": write <moe/room/file.hpp>'
            elif name.startswith("moe/"):
                target = name.split("/")[1]
                if name == "moe/moe.hpp" and room == order[-1]:
                    continue
                if not (top / "include" / name).is_file():
                    yield f"{where} <{name}> does not exist"
                elif room and target not in order[:order.index(room) + 1]:
                    yield f"{where} '{room}' includes <{name}>, a later room"
            elif third_party.match(name):
                if not path.name.endswith(".part.hpp"):
                    yield f"{where} <{name}>: other libraries only in *.part.hpp"
            elif room and order.index(room) <= order.index("recipe"):
                if name not in light | besides.get(room, set()):
                    yield f"{where} <{name}> is too heavy for room '{room}'"


if __name__ == "__main__":
    house.report("rooms", problems(house.root()))
