# SPDX-License-Identifier: GPL-3.0-or-later
"""samokoder: the sample application of the lab. What all its versions share; a version adds the package `release`."""
