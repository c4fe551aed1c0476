"""Names and texts of a REST request that end up in protobuf strings."""

from hallmark_common.errors import MAX_SHOWN, invalid, shown


def field_name(name: str) -> str:
    """A caller's key as the field of an error: encodable, and not longer than an error should be."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")[:MAX_SHOWN]


def text(field: str, value: object) -> str:
    """An optional text, empty for none; INVALID_ARGUMENT for what is no text or has no UTF-8 form."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(field, "a string", shown(value))
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise invalid(field, "a string of Unicode characters", f"{shown(value)} with half a surrogate pair") from None
    return value
