"""Whom the marketplace knows, what they were told, and how their bookings went."""

from __future__ import annotations

from django.db import models


class Person(models.Model):
    """A customer, a provider or an admin; a provider is the resource of the same number."""

    id = models.IntegerField(primary_key=True)
    name = models.CharField(max_length=80)
    token = models.CharField(max_length=80, unique=True)
    role = models.CharField(max_length=20)
    location = models.CharField(max_length=80, blank=True)
    rating = models.FloatField(default=0)
    tally = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """What a customer is told of a booking, written with the change itself."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    booking = models.IntegerField()
    status = models.CharField(max_length=20)
    text = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text
