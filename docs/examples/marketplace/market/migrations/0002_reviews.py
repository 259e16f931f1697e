"""Reviews, the ratings that a provider's mean stands for, and which event a notification tells of."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The second one."""

    dependencies = [("market", "0001_initial")]  # noqa: RUF012 - Django's own form

    operations = [  # noqa: RUF012 - Django's own form
        migrations.AddField("Person", "ratings", models.IntegerField(default=0)),
        migrations.AddField("Notification", "event", models.UUIDField(null=True, unique=True)),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("booking", models.IntegerField(primary_key=True, serialize=False)),
                ("rating", models.IntegerField()),
                ("comment", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="market.person"
                    ),
                ),
                (
                    "provider",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="market.person",
                    ),
                ),
            ],
        ),
    ]
