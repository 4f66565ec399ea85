"""Everything that nlpkit raises on purpose.

Each error is one sentence for the caller: what was wrong, where, and what is allowed. All of
them are `NlpkitError`; most are also the built-in type that fits (`ValueError`, `TypeError`,
`LookupError`), so code that catches those goes on working.
"""

from __future__ import annotations


class NlpkitError(Exception):
    """The root of all errors that nlpkit raises on purpose.

    >>> issubclass(InputError, NlpkitError) and issubclass(InputError, ValueError)
    True
    """


class InputError(NlpkitError, ValueError):
    """A value from the caller that is not allowed: an empty question, a ratio of 2."""


class InputTypeError(NlpkitError, TypeError):
    """A value from the caller of the wrong type: a number where a text belongs."""


class UndefinedScoreError(InputError):
    """A metric that has no value on the examples given, such as a correlation of equal numbers."""


class RecipeError(NlpkitError, ValueError):
    """A `pipeline.toml` that is malformed, or a key or value in it that is not allowed."""


class PipelineNotFoundError(NlpkitError, LookupError):
    """No pipeline of that name or folder."""


class WeightsError(NlpkitError):
    """A weights file that is missing, truncated, altered or of the wrong shape."""


class DeviceError(NlpkitError, ValueError):
    """A device, runtime or number type that is unknown or not there on this machine."""


class DataError(NlpkitError, ValueError):
    """A file or data set that cannot be read as asked: encoding, columns, splits, labels."""


class TrainingError(NlpkitError):
    """A training run that cannot start, go on or be resumed."""


class NlpkitWarning(UserWarning):
    """Something that is allowed but rarely meant: text that a metric does not see."""
