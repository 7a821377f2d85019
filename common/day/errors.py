"""What a step says when it is asked before its time."""


class TooEarly(LookupError):
    """The step before has not been done; the text names it."""
