"""Listening parties: one queue of tracks, one clock and one vote in all the spaces of a community."""

from plugins.listening_parties.plugin import ListeningParties

__all__ = ["ListeningParties"]
