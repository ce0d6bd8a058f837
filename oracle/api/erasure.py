"""Erasure: what is deleted when a borrower asks for it, and what cannot be (design §6).

Rules that hold here: one transaction; consents end with it; what was deleted is overwritten before the
answer, or the answer says that it is not yet; the access log's chain keeps its salted hashes,
which say nothing once their salts are gone.
"""

from typing import Any

from sqlalchemy import delete

from models.wording import Language
from oracle.api import access_log
from oracle.api.store import Store
from oracle.api.tables import consents, decisions, disputes, own_statements, requests, sessions

STAYS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Public chain events: your transactions, enrolment, posted scores and the hashes of disputes.",
        "Published commitments: the roots of past epochs. The salts in them are deleted with their epoch.",
        "The access log's salted hashes. Their salts are deleted, so they say nothing of you any more.",
        "While you are enrolled, new epochs go on scoring you: send withdraw() to the contract to stop that.",
        "What readers have read and saved by themselves.",
    ),
    "zh": (
        "链上公开事件：您的交易、登记、已公开的评分和异议的哈希。",
        "已发布的承诺：以往各期的根。其中的盐值随该期一同删除。",
        "查询记录的加盐哈希。盐值已删除，这些哈希不再说明任何与您有关的内容。",
        "只要仍在登记，新的各期会继续评分：向合约发送 withdraw() 即可停止。",
        "查询方已读取并自行保存的内容。",
    ),
}


def erase(store: Store, account: bytes) -> dict[str, int]:
    """Delete all rows and salts of an account; how many of each table that people know of.

    Retry when all are deleted, but not overwritten yet.
    """
    owned = (
        (consents, consents.c.borrower),
        (disputes, disputes.c.account),
        (decisions, decisions.c.account),
        (own_statements, own_statements.c.account),
        (sessions, sessions.c.account),
    )
    with store.changing() as connection:
        gone = {
            table.name: connection.execute(delete(table).where(owner == account)).rowcount
            for table, owner in owned
        }
        connection.execute(delete(requests).where(requests.c.borrower == account))
        gone |= {"reads": access_log.forget(connection, account)}
    store.scrub()
    return gone


def told(gone: dict[str, int], language: Language) -> dict[str, Any]:
    """The answer to the borrower."""
    return {"deleted": gone, "stays": list(STAYS[language])}
