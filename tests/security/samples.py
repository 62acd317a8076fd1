"""Texts that would do harm where they are shown as they are."""

import unicodedata

HOSTILE = {
    "colours": "\x1b[31mred\x1b[0m",
    "title of the window": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;ZWNobyBoaQ==\x1b\\",
    "C1 controls": "\x9b2J\x9d0;owned\x9c",
    "lines": "one\r\ntwo\x0bthree\u2028four",
    "bidi": "abc\u202egpj.exe\u2066x\u2069",
    "tags": "plain\U000e0041\U000e007f",
    "backspaces": "good\b\b\b\bevil\x7f",
    "mark-up": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "entity": "&lt;b&gt;'\"><svg onload=alert(1)>",
    "console mark-up": "[bold red]x[/bold red][link=http://evil.example]y[/link] :boom:",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "no character": "a\ufffe\uffffb",
    "escape of a workbook": "_x001B_[31m",
    "endless": "endless " * 30_000,
}
"""By what they try."""

LONGEST_LINE = 8_000
"""Characters that a line on a screen may have: several bounded texts."""


def harmful(text: str) -> set[str]:
    """Give the characters of a text that command a terminal or turn its line around; line ends are not."""
    commands = {each for each in text if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")} - {"\n"}
    turns = {chr(code) for span in ((0x202A, 0x202F), (0x2066, 0x206A), (0xE0000, 0xE0080)) for code in range(*span)}
    return commands | (set(text) & turns)
