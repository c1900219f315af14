#!/usr/bin/env python3
"""Holds the house to its floors: who may include whom.

usage: includes.py SOURCE

Prints every offence as FILE:LINE: what is wrong. Exit status 1 if there is one.
"""

import re
import sys
from pathlib import Path

# Lowest first. A file includes its own floor and those below it. The halves of store are two
# rooms of one floor, which do not know each other.
FLOORS = [["base"], ["spec"], ["reconcile"], ["store/inventory", "store/directory"], ["agent"]]
RANK = {room: rank for rank, rooms in enumerate(FLOORS) for room in rooms}

# A library's header, and the only places that include it (`agent` names the versions of all).
# base/dn.c takes from libldap what is pure, for ldap_str2dn and its kin.
LIBRARIES = {
    "ldap.h": ["base/dn.c", "store/directory", "agent"],
    "lber.h": ["store/directory"],
    "ldif.h": ["store/directory"],
    "krb5.h": ["store/directory/ldap_kerberos.c", "store/directory/ldap_kerberos_why.c"],
    "gssapi/gssapi_krb5.h": ["store/directory/ldap_kerberos.c"],
    "sasl/sasl.h": ["store/directory/ldap_sasl.c"],
    "sqlite3.h": ["store/inventory", "agent"],
    "uv.h": ["store/directory", "agent"],
    "git2.h": ["agent/revision.c", "agent/cmd_version.c"],
    "microhttpd.h": ["agent/service/http.c", "agent/cmd_version.c"],
    "yaml.h": ["spec", "agent"],
}

INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')


def room_of(path):
    """The room that a path lies in, or None: `store/inventory` of `store/inventory/open.c`."""
    parts = path.split("/")
    for depth in (2, 1):
        room = "/".join(parts[:depth])
        if len(parts) > depth and room in RANK:
            return room
    return None


def includes_of(file):
    """Every include as (line, own, system): one of the two is a path, the other None."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def check_floor(path, own):
    room, other = room_of(path), room_of(own)
    if other is None:
        return f'"{own}" lies in no room; write it as "room/file.h"'
    if RANK[other] > RANK[room]:
        return f'"{own}" lies above: {room} may not know {other}'
    if RANK[other] == RANK[room] and other != room:
        return f'"{own}" is the other half: {room} and {other} do not know each other'
    return None


def check_library(path, system):
    places = LIBRARIES.get(system, [path])
    if any(path == place or path.startswith(place + "/") for place in places):
        return None
    return f"<{system}> belongs to {', '.join(places)} alone"


def check_own_header(path, includes, known):
    header = path[:-2] + ".h"
    if not path.endswith(".c") or header not in known:
        return None
    line, first = (includes[0][0], includes[0][1]) if includes else (1, None)
    return None if first == header else (line, f'"{header}", its own header, comes first')


def circles(graph):
    """Every include that closes a circle, as (file, line, the files on the way round)."""
    done, way = set(), []

    def visit(path):
        if path in done:
            return
        way.append(path)
        for line, target in graph.get(path, []):
            if target in way:
                yield path, line, way[way.index(target):] + [target]
            else:
                yield from visit(target)
        way.pop()
        done.add(path)

    for path in sorted(graph):
        yield from visit(path)


def offences(source):
    files = {}
    for room in RANK:
        for file in sorted((source / room).rglob("*.[ch]")):
            files[file.relative_to(source).as_posix()] = list(includes_of(file))
    if not files:
        yield str(source), 1, "no C source is here"
    for path, includes in files.items():
        for line, own, system in includes:
            why = check_floor(path, own) if own else check_library(path, system)
            if why:
                yield path, line, why
        late = check_own_header(path, includes, files)
        if late:
            yield path, *late
    graph = {path: [(line, own) for line, own, _ in includes if own]
             for path, includes in files.items()}
    for path, line, way in circles(graph):
        yield path, line, "a circle of includes: " + " -> ".join(way)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = list(offences(Path(sys.argv[1])))
    for path, line, why in found:
        print(f"{path}:{line}: {why}")
    return 1 if found else 0


sys.exit(main())
