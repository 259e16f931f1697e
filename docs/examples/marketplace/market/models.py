"""Whom the marketplace knows, what they were told, how their bookings went, and what they thought of it."""

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
    ratings = models.IntegerField(default=0)
    tally = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """What a customer is told of a booking, written with the change itself."""

    event = models.UUIDField(unique=True, null=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    booking = models.IntegerField()
    status = models.CharField(max_length=20)
    text = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.text


class Review(models.Model):
    """What a customer thought of a visit; a booking has one at most."""

    booking = models.IntegerField(primary_key=True)
    customer = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    provider = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reviews")
    rating = models.IntegerField()
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.comment
