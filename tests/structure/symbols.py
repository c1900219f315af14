#!/usr/bin/env python3
"""Holds spec and reconcile to being pure: no I/O, no clock, no log, by what they link against.

usage: symbols.py ALLOWED LIBBASE LIBRARY...

Every symbol that an object of a LIBRARY imports must be defined in one of the LIBRARIES, stand in
the list ALLOWED, or belong to an object of LIBBASE that is pure itself. Prints every other one
with the object that imports it. Exit status 1 if there is one.
"""

import os
import re
import subprocess
import sys

# What compilers add of themselves, also when they build with sanitizers.
COMPILER = re.compile(r"_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__start_|__stop_"
                      r"|__(asan|ubsan|lsan|sanitizer|odr_asan)_")


def read_allowed(path):
    """Room (`*` for all) to its symbols; a line of the file is `room symbol`, `#` a comment."""
    allowed = {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            sys.exit(f"{path}:{number}: a line is `room symbol`")
        allowed.setdefault(words[0], set()).add(words[1])
    return allowed


def read_library(path):
    """Source file to its (defined, undefined) symbols, each a set."""
    objects = {}
    listing = subprocess.run(["nm", "-P", "-A", path], check=True, capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        # libbase.a[libbase.a.p/base_arena.c.o]: arena_alloc T 250 3f
        member, symbol, letter = re.match(r".*\[(?:.*/)?(.*)\]: (\S+) (\S)", line).groups()
        source = member.removesuffix(".o").replace("_", "/", 1)
        defined, undefined = objects.setdefault(source, (set(), set()))
        (undefined if letter in "Uwv" else defined).add(symbol)
    if not objects:
        sys.exit(f"{path}: nm finds no object in it")
    return objects


def room_of(library):
    return os.path.basename(library)[len("lib"):-len(".a")]


def is_allowed(allowed, room, symbol):
    return bool(COMPILER.match(symbol)) or any(symbol in allowed.get(r, ()) for r in ("*", room))


def tainted(base, allowed):
    """Symbol of base to the reason why nothing pure may import it."""
    why = {}
    for name, (defined, undefined) in base.items():
        for symbol in undefined:
            if not is_allowed(allowed, "base", symbol) and not defined_in(base, symbol):
                why.update({s: f"{name} imports {symbol}" for s in defined if s not in why})
    grew = True
    while grew:
        grew = False
        for name, (defined, undefined) in base.items():
            for symbol in undefined & why.keys():
                fresh = {s: f"{name} imports {symbol}, where {why[symbol]}"
                         for s in defined if s not in why}
                grew = grew or bool(fresh)
                why.update(fresh)
    return why


def defined_in(library, symbol):
    return any(symbol in defined for defined, _ in library.values())


def offences(allowed, base, rooms):
    forbidden = tainted(base, allowed)
    for room, library in rooms.items():
        for name, (_, undefined) in sorted(library.items()):
            for symbol in sorted(undefined):
                if symbol in forbidden:
                    yield room, name, symbol, f"it is not pure: {forbidden[symbol]}"
                elif not (is_allowed(allowed, room, symbol) or defined_in(base, symbol)
                          or any(defined_in(other, symbol) for other in rooms.values())):
                    yield room, name, symbol, "it is not on the list"


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    allowed = read_allowed(sys.argv[1])
    base = read_library(sys.argv[2])
    rooms = {room_of(path): read_library(path) for path in sys.argv[3:]}
    found = list(offences(allowed, base, rooms))
    for room, name, symbol, why in found:
        print(f"{room}: {name} imports {symbol}: {why}")
    if found:
        print(f"\nWhat is pure may be added to {sys.argv[1]}; I/O, a clock or a log may not.")
    return 1 if found else 0


sys.exit(main())
