"""The tables of people and notifications."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The first one."""

    initial = True
    dependencies: list[tuple[str, str]] = []  # noqa: RUF012 - Django's own form

    operations = [  # noqa: RUF012 - Django's own form
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("token", models.CharField(max_length=80, unique=True)),
                ("role", models.CharField(max_length=20)),
                ("location", models.CharField(blank=True, max_length=80)),
                ("rating", models.FloatField(default=0)),
                ("tally", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("booking", models.IntegerField()),
                ("status", models.CharField(max_length=20)),
                ("text", models.TextField()),
                ("created_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="market.person"),
                ),
            ],
        ),
    ]
