from __future__ import annotations


class ChallengeNeeded(Exception):
    """So much was asked for that whoever asks must show first that a person is there."""
