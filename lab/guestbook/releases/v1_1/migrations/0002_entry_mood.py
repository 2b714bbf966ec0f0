# SPDX-License-Identifier: GPL-3.0-or-later
"""A mood for every entry, the old ones too; the former version goes on writing without it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column, with a default of the database's own."""

    dependencies = [("entries", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="entry",
            name="mood",
            field=models.CharField(db_default="calm", max_length=20),
        ),
    ]
