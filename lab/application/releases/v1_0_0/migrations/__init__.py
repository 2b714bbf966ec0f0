"""Revisions that came with 1.0.0."""
