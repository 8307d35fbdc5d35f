"""Text of a traced app made harmless: what cannot be seen becomes visible."""

import re

# Not only controls: a line with bidi marks, zero-width or "tag" characters reads as something
# that it is not, and a lone surrogate cannot be encoded at all. U+FE0E/F stay, emoji need them.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]",
)
_KEPT_IN_BLOCKS = frozenset("\n\t")


def clean(text: str, *, multiline: bool = False) -> str:
    r"""Return *text* with every character that hides, moves or controls as ``\x1b``, ``\u202e``.

    Newlines and tabs stay when *multiline* is true. Cleaning twice changes nothing.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(_visible_in_block if multiline else _visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:  # noqa: PLR2004 - the range of \x
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 - of \u


def _visible_in_block(match: re.Match[str]) -> str:
    return match[0] if match[0] in _KEPT_IN_BLOCKS else _visible(match)
