"""Sampling drops: free samples, each given once, to people who ask for one on any of a community's platforms."""

from plugins.sampling_drops.plugin import SamplingDrops

__all__ = ["SamplingDrops"]
