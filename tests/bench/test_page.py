from bench.figure import Figure, Findings, Measured, Table, at_most
from bench.page import write_markdown, write_summary, write_text

TABLE = Table("A list by its length", ("rows", "loaded in"), [("10,000", "0.1 s"), ("1,000,000", "9.5 s")])
FIGURE = Figure("loading", 9.5, "s", at_most(10))
MISSED = Figure("start", 0.3, "s", at_most(0.15))
FINDINGS = Findings("memory", "python -m bench.memory", 12.0, [FIGURE, MISSED], [TABLE])
MEASURED = Measured("a machine", [FINDINGS, Findings("faults", "python -m bench.faults", 1.0, printed="25 kinds\n")])


def test_a_terminal_gets_columns_under_each_other() -> None:
    lines = write_text(FINDINGS).splitlines()
    assert lines[:5] == [
        "A list by its length",
        "",
        "rows       loaded in",
        "10,000         0.1 s",
        "1,000,000      9.5 s",
    ]


def test_every_figure_says_what_is_aimed_at_the_ratio_and_whether_it_is_met() -> None:
    text = write_text(FINDINGS)
    assert text.splitlines()[-2].split() == ["loading", "9.50", "s", "at", "most", "10", "s", "0.95", "yes"]
    assert text.splitlines()[-1].split()[-2:] == ["2.00", "NO"]


def test_the_summary_gives_every_figure_its_command() -> None:
    lines = write_summary(MEASURED).splitlines()
    assert all(line.endswith("python -m bench.memory") for line in lines[1:])
    assert len(lines) == 3


def test_markdown_has_the_machine_the_figures_the_tables_and_what_was_printed() -> None:
    text = write_markdown(MEASURED)
    assert text.startswith("Measured on a machine.")
    assert "| loading | 9.50 s | at most 10 s | 0.95 | yes | `python -m bench.memory` |" in text
    assert "| 1,000,000 | 9.5 s |" in text
    assert "```text\n25 kinds\n```" in text
    assert all(line.count("|") in (0, 3, 7) for line in text.splitlines())
