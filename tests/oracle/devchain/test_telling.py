"""How the demo's lines end."""

import pytest

from oracle.devchain.telling import COLUMNS, Telling

REASON = "Only 1 of your payers also pays others who repaid loans."


def test_line__with_points__keeps_them_with_the_last_word(capsys: pytest.CaptureFixture[str]) -> None:
    telling = Telling("en")
    for letters in range(1, 60):
        telling.line("held", text="x" * letters + " " + REASON, points=-29)
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1].endswith("loans.   -29")
        assert all(len(line) <= COLUMNS + 1 for line in lines)
        assert "\N{NO-BREAK SPACE}" not in "".join(lines)
