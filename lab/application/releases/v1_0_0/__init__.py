"""The second version: projects have tags and can be archived."""
