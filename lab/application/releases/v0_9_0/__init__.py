"""The first version: projects can be created, listed, read and exported."""
