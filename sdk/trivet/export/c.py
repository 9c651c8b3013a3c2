"""A header for firmware in C99 and C++: the frame, its enumerations, ranges and layout, checked by the compiler."""

from __future__ import annotations

from collections.abc import Iterator

from trivet.export import Subject
from trivet.export.frame import UNKNOWN_STATE, Field, layout, size_of
from trivet.export.identifiers import c_name, macro

_CHECK = """#if defined(__cplusplus) && __cplusplus >= 201103L
#define TRIVET_CHECK(condition, name) static_assert(condition, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define TRIVET_CHECK(condition, name) _Static_assert(condition, #name)
#else
#define TRIVET_CHECK(condition, name) typedef char name[(condition) ? 1 : -1]
#endif"""


def files(subject: Subject) -> dict[str, bytes]:
    """The header."""
    return {f"{subject.stem}.h": header(subject).encode("utf-8")}


def header(subject: Subject) -> str:
    """The header's text."""
    interface, fields = subject.interface, layout(subject.interface)
    prefix = f"trivet_{c_name(interface.id)}"
    guard = macro(f"{prefix}_h")
    parts = [
        f"/* {_comment(subject.label(interface.title, interface.id))}",
        f" * Interface {interface.id} {interface.version}; made from its document, do not edit.",
        " * A frame is little endian and packed; a measurement that is not known is NaN, a state that is not",
        f" * known is {UNKNOWN_STATE}. Units are UCUM codes. */",
        f"#ifndef {guard}\n#define {guard}\n",
        "#include <stddef.h>\n#include <stdint.h>\n",
        f"{_CHECK}\n",
        f'#define {macro(prefix)}_VERSION "{interface.version}"',
        f'#define {macro(prefix)}_DIGEST "{subject.digest}"',
        f"#define {macro(prefix)}_FRAME_SECONDS {interface.frame!r}",
        f"#define {macro(prefix)}_STATE_UNKNOWN ((int16_t)(-32767 - 1))\n",
        *_states(prefix, fields),
        *_limits(prefix, fields),
        "#pragma pack(push, 1)",
        f"typedef struct {prefix}_frame {{",
        "    int64_t time_ns; /* end of the frame, nanoseconds since the Unix epoch, UTC */",
        *(f"    {field.kind} {_name(field)}; /* {_note(subject, field)} */" for field in fields),
        f"}} {prefix}_frame;",
        "#pragma pack(pop)\n",
        *_asserts(prefix, fields),
        f"\n#endif /* {guard} */\n",
    ]
    return "\n".join(parts)


def _name(field: Field) -> str:
    return c_name(field.name, field.signal.unit)


def _note(subject: Subject, field: Field) -> str:
    low, high = field.signal.range
    told = subject.label(field.signal.label, field.name)
    counts = ", counts up" if field.signal.counter else ""
    return _comment(f"{told} [{field.signal.unit}], {low:g} to {high:g}{counts}")


def _states(prefix: str, fields: tuple[Field, ...]) -> Iterator[str]:
    """One enumeration a column, with explicit numbers."""
    for field in fields:
        if field.signal.enumeration:
            yield f"enum {prefix}_{c_name(field.name)} {{"
            for code, state in sorted(field.signal.enumeration.items(), key=lambda item: int(item[0])):
                yield f"    {macro(f'{prefix}_{field.name}_{state}')} = {int(code)},"
            yield "};\n"


def _limits(prefix: str, fields: tuple[Field, ...]) -> Iterator[str]:
    """Ranges outside which a value is physically impossible, and the resolution that outputs tolerate."""
    for field in fields:
        if field.kind != "int16_t":
            name, (low, high) = macro(f"{prefix}_{_name(field)}"), field.signal.range
            yield f"#define {name}_MIN ({float(low)!r})"
            yield f"#define {name}_MAX ({float(high)!r})"
            if field.signal.resolution is not None:
                yield f"#define {name}_RESOLUTION ({float(field.signal.resolution)!r})"
    yield ""


def _asserts(prefix: str, fields: tuple[Field, ...]) -> Iterator[str]:
    struct = f"{prefix}_frame"
    for field in fields:
        yield (f"TRIVET_CHECK(offsetof({struct}, {_name(field)}) == {field.offset}, {prefix}_at_{c_name(field.name)});")
    yield f"TRIVET_CHECK(sizeof({struct}) == {size_of(fields)}, {prefix}_size);"


def _comment(text: str) -> str:
    """Text that cannot end a comment, nor join the next line."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/").replace("??", "? ?")
