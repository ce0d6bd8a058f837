"""Every notebook runs from top to bottom, says what it must, and leaves nothing behind."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.e2e.conftest import REPOSITORY, anvil_binary

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
CELL_S = 300

SAYS = {
    "01_from_ledger_to_features.ipynb": (
        "people and firms",
        "loans_repaid",
        "features moved",
        "equal: True",
        "closed",
    ),
    "02_a_scorecard_for_thin_files.ipynb": (
        "people on both sides: 0",
        "payments: ",
        "image/svg+xml",
        "AUC of the scorecard",
        " 0 differences",
        "full record",
        "记录完整",
        "599",
        "short record",
        "closed",
    ),
    "03_small_firms_by_their_invoices.ipynb": (
        "150 firms",
        "bills_overdue",
        "AUC of the scorecard",
        "image/svg+xml",
        "done",
    ),
    "04_calibration_drift_and_fairness.ipynb": (
        "image/svg+xml",
        "calibration error",
        "needs work",
        "beyond",
        "migrant",
        "stated less seen",
        "closed",
    ),
    "05_champion_and_challenger.ipynb": (
        "difference is shown",
        "borrowed before: yes",
        "float models of",
        "refused: the part pipeline of the bundle was altered",
        "none of the keys you trust",
        "approve",
        "activate",
        "rollBack",
        "sent       None",
        "closed",
    ),
}
"""What a notebook's outputs hold when it has done its work, in this order."""


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_notebooks__in_the_repository__are_all_known() -> None:
    assert [path.name for path in NOTEBOOKS] == sorted(SAYS)


def test_notebook__as_committed__holds_no_outputs(notebook: Path) -> None:
    cells = [cell for cell in read(notebook).cells if cell.cell_type == "code"]
    assert cells
    assert not [cell.id for cell in cells if cell.outputs or cell.execution_count is not None]


def test_notebook__run_anywhere__says_what_it_must_and_leaves_nothing(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anvil_binary()
    for variable in ("TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        (tmp_path / variable).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / variable))
    told = outputs(run(notebook, tmp_path))
    place = 0
    for words in SAYS[notebook.name]:
        assert words in told[place:], f"{words!r} is not in what follows of:\n{told}"
        place = told.index(words, place) + len(words)
    assert not list((tmp_path / "TMPDIR").iterdir())


def read(path: Path) -> NotebookNode:
    found: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return found


def run(path: Path, folder: Path) -> NotebookNode:
    """The notebook with its outputs, run in `folder`; CellExecutionError when a cell fails."""
    resources = {"metadata": {"path": str(folder)}}
    return NotebookClient(read(path), timeout=CELL_S, kernel_name="python3", resources=resources).execute()


def outputs(run_: NotebookNode) -> str:
    """All that the cells printed and showed, in order; of a picture its media type."""
    found = []
    for cell in run_.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            found += [
                output.get("text", ""),
                shown.get("text/plain", ""),
                *(set(shown) & {"image/png", "image/svg+xml"}),
            ]
    return "\n".join(found)
