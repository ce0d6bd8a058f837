import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_reader.errors import Stop
from oracle import folder
from oracle.tree import verify_at_least, verify_score
from tests.oracle.conftest import BO, EPOCH, KAI, MEI, SECRET, Kept


def path_of(kept: Kept, name: str) -> Path:
    return folder.folder_of(kept.settings.epochs, EPOCH) / name


def altered(path: Path, change: Callable[[np.ndarray], None]) -> None:
    rows = np.array(np.load(path))
    change(rows)
    np.save(path, rows)


def test_read_report__no_such_epoch__stops(kept: Kept) -> None:
    with pytest.raises(Stop, match="epoch 9 was not computed here"):
        folder.read_report(kept.settings.epochs, 9)


@pytest.mark.parametrize("name", [folder.SCORES, folder.FEATURES, "tree.npy"])
def test_open_tree__file_cut_short__stops(kept: Kept, name: str) -> None:
    path = path_of(kept, name)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Stop, match=f"{name} cannot be read"):
        folder.open_tree(kept.settings.epochs, EPOCH)


@pytest.mark.parametrize("name", [folder.SCORES, folder.FEATURES, "tree.npy", folder.SECRET, folder.REPORT])
def test_open_tree__file_missing__stops(kept: Kept, name: str) -> None:
    path_of(kept, name).unlink()
    with pytest.raises(Stop, match=f"{name} is (missing|deleted)"):
        folder.open_tree(kept.settings.epochs, EPOCH)


def test_read_scores__scores_of_another_epoch__stop(kept: Kept) -> None:
    path = path_of(kept, folder.REPORT)
    path.write_bytes(path.read_bytes().replace(kept.report.scores_hash.hex().encode(), b"ab" * 32))
    with pytest.raises(Stop, match="not those of its report"):
        folder.read_scores(kept.settings.epochs, EPOCH)


@pytest.mark.parametrize("column", ["address", "status", "score", "width", "reasons"])
def test_read_scores__one_value_altered__stops(kept: Kept, column: str) -> None:
    def change(rows: np.ndarray) -> None:
        rows[column][1] ^= 1

    altered(path_of(kept, folder.SCORES), change)
    with pytest.raises(Stop, match="not those of its report"):
        folder.read_scores(kept.settings.epochs, EPOCH)


def test_read_scores__files_of_another_form__stop(kept: Kept) -> None:
    scores, features = path_of(kept, folder.SCORES), path_of(kept, folder.FEATURES)
    np.save(features, np.load(features)[:-1])
    with pytest.raises(Stop, match="is not of 3 borrowers"):
        folder.read_scores(kept.settings.epochs, EPOCH)
    np.save(features, np.zeros((3, 5), dtype=np.int64))
    with pytest.raises(Stop, match="is not of 3 borrowers"):
        folder.read_scores(kept.settings.epochs, EPOCH)
    np.save(scores, np.zeros(3))
    with pytest.raises(Stop, match="holds no scores"):
        folder.read_scores(kept.settings.epochs, EPOCH)


def test_open_tree__root_altered__stops(kept: Kept) -> None:
    def change(nodes: np.ndarray) -> None:
        nodes[0, 0] ^= 1

    altered(path_of(kept, "tree.npy"), change)
    with pytest.raises(Stop, match="not that of its report"):
        folder.open_tree(kept.settings.epochs, EPOCH)


def test_proof__a_feature_or_an_inner_node_altered__stops(kept: Kept) -> None:
    def feature(rows: np.ndarray) -> None:
        rows[kept.card.features[0]][kept.tree.index_of(MEI)] += 1

    altered(path_of(kept, folder.FEATURES), feature)
    found = folder.open_tree(kept.settings.epochs, EPOCH)
    with pytest.raises(Stop, match="does not hold what its scores and secret give"):
        found.score_proof(found.index_of(MEI))
    found.score_proof(found.index_of(BO))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from([folder.SCORES, folder.FEATURES, "tree.npy"]), st.data())
def test_folder__any_byte_altered__proves_the_truth_or_stops(
    kept: Kept, name: str, data: st.DataObject
) -> None:
    path = path_of(kept, name)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
    try:
        found = folder.open_tree(kept.settings.epochs, EPOCH)
        for borrower in (MEI, BO):
            verify_score(kept.report.root, borrower, found.score_proof(found.index_of(borrower)))
    except Stop:
        pass
    finally:
        path.write_bytes(whole)


def test_open_tree__secret_readable_by_others__stops(kept: Kept) -> None:
    os.chmod(path_of(kept, folder.SECRET), 0o644)
    with pytest.raises(Stop, match="can be read by others"):
        folder.open_tree(kept.settings.epochs, EPOCH)


def test_open_tree__as_written__proves_the_same(kept: Kept) -> None:
    found = folder.open_tree(kept.settings.epochs, EPOCH)
    assert found.root == kept.report.root
    assert found.secret == SECRET
    mei = found.index_of(MEI)
    assert found.score_proof(mei) == kept.tree.score_proof(mei)
    assert np.array_equal(found.scores.features, kept.tree.scores.features)
    assert found.scores.feature_names == kept.tree.scores.feature_names
    assert np.array_equal(found.scores.total, kept.tree.scores.total)
    assert folder.known_epochs(kept.settings.epochs) == [EPOCH]


def test_open_tree__by_many_threads__all_prove_the_same(kept: Kept) -> None:
    found = folder.open_tree(kept.settings.epochs, EPOCH)
    expected, wrong = found.at_least_proof(found.index_of(MEI), 500), []

    def prove() -> None:
        for _ in range(50):
            if found.at_least_proof(found.index_of(MEI), 500) != expected:
                wrong.append(1)

    threads = [threading.Thread(target=prove) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    verify_at_least(kept.report.root, MEI, expected)


def test_open_tree__is_replaced_meanwhile__goes_on_with_what_was_opened(kept: Kept) -> None:
    found = folder.open_tree(kept.settings.epochs, EPOCH)
    folder.write_epoch(kept.settings.epochs, kept.tree, kept.report)
    verify_score(kept.report.root, MEI, found.score_proof(found.index_of(MEI)))


def test_write_epoch__again__replaces_the_folder(kept: Kept) -> None:
    path_of(kept, folder.SCORES).write_bytes(b"broken")
    folder.write_epoch(kept.settings.epochs, kept.tree, kept.report)
    assert folder.read_scores(kept.settings.epochs, EPOCH).score.tolist() == kept.tree.scores.score.tolist()
    assert [each.name for each in kept.settings.epochs.iterdir()] == [f"{EPOCH:08d}"]


def test_read_salts_secret__killed_between_old_and_new_folder__is_not_lost(kept: Kept) -> None:
    final = folder.folder_of(kept.settings.epochs, EPOCH)
    shutil.copytree(final, final.with_suffix(".new"))
    final.rename(final.with_suffix(".old"))
    assert folder.known_epochs(kept.settings.epochs) == []
    assert folder.read_salts_secret(kept.settings.epochs, EPOCH) == SECRET
    folder.write_epoch(kept.settings.epochs, kept.tree, kept.report)
    assert [each.name for each in kept.settings.epochs.iterdir()] == [f"{EPOCH:08d}"]


# --------------------------------------------------------------------------------- open_folder


def test_open_folder__of_nothing_or_without_the_secret__says_what_is_needed(
    kept: Kept, tmp_path: Path
) -> None:
    with pytest.raises(Stop, match="name an epoch's folder, such as"):
        folder.open_folder(tmp_path)
    path_of(kept, folder.SECRET).unlink()
    with pytest.raises(Stop, match="neither the chain nor a copy without them gives one; ask a member's"):
        folder.open_folder(folder.folder_of(kept.settings.epochs, EPOCH))


def test_open_folder__altered__stops(kept: Kept, tmp_path: Path) -> None:
    copy = shutil.copytree(folder.folder_of(kept.settings.epochs, EPOCH), tmp_path / "copy")

    def change(rows: np.ndarray) -> None:
        rows["score"][0] ^= 1

    altered(copy / folder.SCORES, change)
    with pytest.raises(Stop, match="not those of its report"):
        folder.open_folder(copy)


def test_open_folder__of_a_copy_under_any_name__proves_the_same(kept: Kept, tmp_path: Path) -> None:
    copy = shutil.copytree(folder.folder_of(kept.settings.epochs, EPOCH), tmp_path / "copy")
    found = folder.open_folder(copy)
    assert found.epoch == EPOCH
    assert found.score_proof(found.index_of(MEI)) == kept.tree.score_proof(kept.tree.index_of(MEI))


# --------------------------------------------------------------------------------------- prune


def five_epochs(kept: Kept) -> Path:
    for epoch in range(EPOCH + 1, EPOCH + 5):
        tree = replace(kept.tree, epoch=epoch)
        folder.write_epoch(kept.settings.epochs, tree, replace(kept.report, epoch=epoch))
    return kept.settings.epochs


@pytest.mark.parametrize(("keep", "history"), [(0, None), (-1, 0), (1, -1)])
def test_prune__of_the_epoch_in_work__is_refused(kept: Kept, keep: int, history: int | None) -> None:
    with pytest.raises(ValueError, match="cannot keep"):
        folder.prune(kept.settings.epochs, keep, history)


def test_prune__epochs_out_of_the_ring__cannot_be_proved_from_and_keep_their_scores(kept: Kept) -> None:
    epochs = five_epochs(kept)
    assert folder.prune(epochs, keep=2) == [3, 4, 5]
    for epoch in (3, 4, 5):
        assert not list(folder.folder_of(epochs, epoch).rglob("secret"))
        with pytest.raises(Stop, match=f"epoch {epoch} left the contract's ring"):
            folder.open_tree(epochs, epoch)
        assert folder.read_scores(epochs, epoch).score.tolist() == kept.tree.scores.score.tolist()
    for epoch in (6, 7):
        folder.open_tree(epochs, epoch).score_proof(kept.tree.index_of(MEI))
    assert folder.prune(epochs, keep=2) == []


def test_prune__with_a_history__removes_what_is_older(kept: Kept) -> None:
    epochs = five_epochs(kept)
    folder.prune(epochs, keep=1, history=2)
    assert sorted(each.name for each in epochs.iterdir()) == ["00000005", "00000006", "00000007"]


def test_prune__newest_is_named__counts_from_there(kept: Kept) -> None:
    epochs = five_epochs(kept)
    assert folder.prune(epochs, keep=2, newest=6) == [3, 4]
    assert folder.prune(epochs, keep=2, newest=1) == []


def test_prune__of_nothing__does_nothing(tmp_path: Path) -> None:
    assert folder.prune(tmp_path, keep=3) == []


def test_index_of__everybody__is_found(kept: Kept) -> None:
    found = folder.open_tree(kept.settings.epochs, EPOCH)
    for borrower in (MEI, BO, KAI):
        assert found.scores.addresses[found.index_of(borrower)].tobytes() == borrower
