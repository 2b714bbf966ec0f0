# SPDX-License-Identifier: GPL-3.0-or-later
"""The guestbook: settings and what serves it."""
