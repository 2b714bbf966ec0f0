"""The demonstration: checks of the machine, a release under load on the lab, and a summary of it."""
