# SPDX-License-Identifier: GPL-3.0-or-later
"""What 1.7.0 has above 1.0.0: one more role, which 1.6.0 cannot read."""
