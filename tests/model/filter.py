"""RFC 4515 filters, evaluated on an entry: a dictionary of folded attribute names to lists of bytes."""
import re


class Unreadable(Exception):
    pass


def category(dn):
    """objectCategory goes by class name: CN=Person,CN=Schema,... is `person`."""
    return dn.split(",")[0].split("=", 1)[-1].replace("-", "").lower()


def parse(text):
    found, rest = clause(text)
    if rest:
        raise Unreadable(text)
    return found


def clause(text):
    if not text.startswith("("):
        raise Unreadable(text)
    text = text[1:]
    if text[:1] in ("&", "|"):
        kind, text, parts = text[0], text[1:], []
        while text.startswith("("):
            part, text = clause(text)
            parts.append(part)
        if not text.startswith(")"):
            raise Unreadable(text)
        return (kind, parts), text[1:]
    if text[:1] == "!":
        part, text = clause(text[1:])
        if not text.startswith(")"):
            raise Unreadable(text)
        return ("!", part), text[1:]
    end = text.find(")")
    if end < 0:
        raise Unreadable(text)
    return item(text[:end]), text[end + 1:]


def item(text):
    m = re.fullmatch(r"([A-Za-z0-9-]+)(?::([0-9.]+):)?(=|>=|<=|~=)(.*)", text)
    m = m or re.fullmatch(r"([A-Za-z0-9-]+)(?::([0-9.]+):)(=)(.*)", text)
    if not m:
        raise Unreadable(text)
    name, rule, operator, value = m.groups()
    if rule and rule not in ("1.2.840.113556.1.4.803", "1.2.840.113556.1.4.804"):
        raise Unreadable(text)
    if rule:
        return ("bits", name.lower(), rule[-1] == "3", int(value))
    if operator == "=" and value == "*":
        return ("present", name.lower())
    if operator == "=" and "*" in value:
        return ("substring", name.lower(), [unescape(p) for p in value.split("*")])
    return (operator, name.lower(), unescape(value))


def unescape(text):
    raw, i, data = bytearray(), 0, text.encode()
    while i < len(data):
        if data[i:i + 1] == b"\\":
            raw.append(int(data[i + 1:i + 3], 16))
            i += 3
        else:
            raw.append(data[i])
            i += 1
    return bytes(raw)


def fold(raw):
    try:
        return raw.decode().casefold()
    except UnicodeDecodeError:
        return raw


def matches(f, entry):
    kind = f[0]
    if kind == "&":
        return all(matches(p, entry) for p in f[1])
    if kind == "|":
        return any(matches(p, entry) for p in f[1])
    if kind == "!":
        return not matches(f[1], entry)
    values = entry.get(f[1], [])
    if kind == "present":
        return bool(values)
    if kind == "bits":
        numbers = [int(v) & (2 ** 64 - 1) for v in values]
        return any(n & f[3] == f[3] if f[2] else n & f[3] for n in numbers)
    if kind == "substring":
        pattern = ".*".join(re.escape(fold(p)) for p in f[2])
        return any(isinstance(fold(v), str) and re.fullmatch(pattern, fold(v), re.S) for v in values)
    if kind in (">=", "<="):
        return any(int(v) >= int(f[2]) if kind == ">=" else int(v) <= int(f[2]) for v in values)
    if f[1] == "objectcategory":
        asked = {"user": "person", "contact": "person", "inetorgperson": "person",
                 "organizationalperson": "person"}.get(fold(f[2]), fold(f[2]))
        return any(fold(v) == fold(f[2]) or category(v.decode()) == asked for v in values)
    return any(fold(v) == fold(f[2]) for v in values)
