"""The key files' password: from a variable, or from a file that another variable names; never an option."""

import os
from pathlib import Path

from ledger_reader.errors import Stop

PASSWORD = "CREDIT_ORACLE_PASSWORD"  # noqa: S105 (a name, not a password)


def password() -> str:
    """The key files' password; Stop when none is given."""
    found = given_password()
    if found is None:
        raise Stop(f"The key files need a password: set {PASSWORD}_FILE to a file that holds it.")
    return found


def given_password() -> str | None:
    """The password from the variable, or from the file that the other variable names; None without."""
    path = os.environ.get(f"{PASSWORD}_FILE")
    try:
        found = Path(path).read_text(encoding="utf-8").rstrip("\n") if path else os.environ.get(PASSWORD)
    except OSError as error:
        raise Stop(f"{PASSWORD}_FILE names {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Stop(f"{PASSWORD}_FILE names {path}, which holds no password in UTF-8.") from error
    return found or None
