"""The desk: every use case of keeping appointments, given a store and a clock."""

from slotkeeper.desk.async_desk import AsyncBookingDesk
from slotkeeper.desk.desk import BookingDesk

__all__ = ["AsyncBookingDesk", "BookingDesk"]
