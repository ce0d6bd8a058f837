import os

import numpy as np
import pytest

from ledger_reader.errors import Stop
from oracle import folder
from tests.oracle.conftest import EPOCH, MEI, SECRET, Kept


def test_read_report__no_such_epoch__stops(kept: Kept) -> None:
    with pytest.raises(Stop, match="epoch 9 was not computed here"):
        folder.read_report(kept.settings.epochs, 9)


@pytest.mark.parametrize("name", ["scores.parquet", "features.parquet"])
def test_read_scores__file_cut_short__stops(kept: Kept, name: str) -> None:
    path = folder.folder_of(kept.settings.epochs, EPOCH) / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Stop, match="cannot be read"):
        folder.read_scores(kept.settings.epochs, EPOCH)


def test_read_scores__scores_of_another_epoch__stop(kept: Kept) -> None:
    path = folder.folder_of(kept.settings.epochs, EPOCH) / "report.json"
    path.write_bytes(path.read_bytes().replace(kept.report.scores_hash.hex().encode(), b"ab" * 32))
    with pytest.raises(Stop, match="not those of its report"):
        folder.read_scores(kept.settings.epochs, EPOCH)


def test_open_tree__root_altered__stops(kept: Kept) -> None:
    nodes = np.array(kept.tree.nodes)
    nodes[0, 0] ^= 1
    np.save(folder.folder_of(kept.settings.epochs, EPOCH) / "tree.npy", nodes)
    with pytest.raises(Stop, match="not that of its report"):
        folder.open_tree(kept.settings.epochs, EPOCH)


def test_open_tree__secret_readable_by_others__stops(kept: Kept) -> None:
    os.chmod(folder.folder_of(kept.settings.epochs, EPOCH) / "secret", 0o644)
    with pytest.raises(Stop, match="can be read by others"):
        folder.open_tree(kept.settings.epochs, EPOCH)


def test_open_tree__as_written__proves_the_same(kept: Kept) -> None:
    found = folder.open_tree(kept.settings.epochs, EPOCH)
    assert found.root == kept.report.root
    assert found.secret == SECRET
    mei = found.index_of(MEI)
    assert found.score_proof(mei) == kept.tree.score_proof(mei)
    assert np.array_equal(found.scores.features, kept.tree.scores.features)
    assert folder.known_epochs(kept.settings.epochs) == [EPOCH]


def test_write_epoch__again__replaces_the_folder(kept: Kept) -> None:
    (folder.folder_of(kept.settings.epochs, EPOCH) / "scores.parquet").write_bytes(b"broken")
    folder.write_epoch(kept.settings.epochs, kept.tree, kept.report)
    assert folder.read_scores(kept.settings.epochs, EPOCH).score.tolist() == kept.tree.scores.score.tolist()
