"""The demonstration runs, and what it prints are the library's own figures."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parent / "demo.py"


def run(*arguments: str) -> str:
    command = [sys.executable, str(DEMO), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own demo
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_week_is_told_from_beginning_to_end(tmp_path: Path) -> None:
    story = run("--database", str(tmp_path / "week.sqlite3"))
    assert "confirmed: 2025-10-22T07:30Z/2025-10-22T08:00Z on anna and lift, 149.00 PLN" in story
    assert "refused (slot_taken)" in story
    assert "quoted: refund 149.00 PLN, fee 0.00 PLN" in story
    assert "cancelled, refunded, 149.00 PLN" in story
    assert "Marek (tow truck): open 9 h" in story  # a night of eight hours by the clock, set back once


def test_bookings_survive_the_process_that_made_them(tmp_path: Path) -> None:
    database = str(tmp_path / "week.sqlite3")
    run("--database", database)
    assert "confirmed 2025-10-22T07:00Z/2025-10-22T07:30Z" in run("--rival", "--database", database)
