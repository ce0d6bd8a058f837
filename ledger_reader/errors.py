"""The only two outcomes of a failure that is not a bug; and a person's wish to stop, which is no failure.

A foreign exception is wrapped where it crosses into our code: as `Retry` when the world may
change by itself, as `Stop` when a person must act. Anything else is a bug and crashes.
The message is one sentence: what is wrong, which value, what to do.
"""


class Retry(Exception):
    """The world may change (a node is unreachable, a block is not final): try again later."""


class Stop(Exception):
    """A person must act; the message says what is wrong and the way out."""


class Interrupted(Exception):
    """Somebody pressed Ctrl-C; the message says what is kept and where to go on."""
