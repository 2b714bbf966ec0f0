# SPDX-License-Identifier: GPL-3.0-or-later
"""What 1.6.0 has above 1.0.0: users can share."""
