"""Rehearsals: real processes of hallkeeper, three sandbox platforms, and very many members who all act at once."""
