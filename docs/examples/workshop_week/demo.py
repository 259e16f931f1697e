"""A week of a workshop: what is free, who has booked, who is refused and why, and what cancelling gives back.

It reads ``week.json``, keeps its bookings in an SQLite file, and lets a second process try to take a time
that is gone. The week is one in which the clock is set back. Every figure printed comes from the library.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from slotkeeper import BookingDesk, Interval, RefusedError, Resource, Service, from_json
from slotkeeper.adapters.sql import SqlStore
from slotkeeper.contrib.text_grid import slot_table, week_grid

HOUR = dt.timedelta(hours=1)
HERE = Path(__file__).parent
WEDNESDAY = "2025-10-22T00:00+02:00/P1D"
RIVAL_START = "2025-10-22T09:00+02:00"


def main() -> None:
    """Run the demonstration, or, for the second process, one attempt to book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--database", type=Path, help="an SQLite file; a new one in a temporary folder by default"
    )
    parser.add_argument(
        "--rival", action="store_true", help="try to take the time that the first process took"
    )
    options = parser.parse_args()
    week = json.loads((HERE / "week.json").read_text(encoding="utf-8"))
    if options.rival:
        rival(open_desk(week, options.database))
        return
    with tempfile.TemporaryDirectory() as folder:
        show(week, options.database or Path(folder) / "week.sqlite3")


def open_desk(week: dict[str, Any], database: Path) -> BookingDesk:
    """Return a desk over the file, its clock standing at the week's ``now``."""
    now = dt.datetime.fromisoformat(week["now"])
    store = SqlStore.from_url(f"sqlite:///{database}")
    store.create_all()
    return BookingDesk(store, clock=lambda: now)


def fill(desk: BookingDesk, week: dict[str, Any]) -> None:
    """Store the week's resources, services and bookings, unless that was done before."""
    if desk.resources():
        return
    for one in week["resources"]:
        desk.add_resource(from_json(Resource, one))
    for one in week["services"]:
        desk.add_service(from_json(Service, one))
    for one in week["bookings"]:
        desk.book(one["service"], dt.datetime.fromisoformat(one["start"]), customer_id=one["customer"])


def show(week: dict[str, Any], database: Path) -> None:
    """Print the story."""
    zone, window = week["zone"], Interval.parse(week["window"])
    desk = open_desk(week, database)
    fill(desk, week)
    names = {one.id: one.name for one in desk.resources()}

    print(f"== Free for an oil change on Wednesday (units of the scarcer of mechanic and lift), {zone} ==")
    print(slot_table(desk.slots("oil", Interval.parse(WEDNESDAY)), zone, names=names))

    print("\n== Booking an oil change with Anna ==")
    booking = desk.book(
        "oil", dt.datetime.fromisoformat("2025-10-22T09:30+02:00"), customer_id="zofia", resource_ids=["anna"]
    )
    taken = " and ".join(map(str, booking.resource_ids))
    print(f"{booking.status}: {booking.interval} on {taken}, {booking.price}")
    booking = desk.settle(booking.id)
    print(f"payment: {booking.payment.status}, {booking.payment.paid}")

    print("\n== A second process asks for Anna at an overlapping time ==", flush=True)
    subprocess.run([sys.executable, __file__, "--rival", "--database", str(database)], check=True)  # noqa: S603

    print("\n== Cancelling ==")
    quote = desk.quote_cancellation(booking.id)
    print(f"quoted: refund {quote.refund}, fee {quote.fee}, these terms until {quote.until}")
    done = desk.cancel(booking.id, reason="car sold")
    print(f"done:   {done.booking.status}, {done.booking.payment.status}, {done.booking.payment.refunded}")

    for resource in desk.resources():
        opened = resource.schedule.open_between(window)
        share = next(one.share for one in desk.statistics(window, resource_ids=[resource.id]).utilisation)
        print(f"\n== {resource.name}: open {opened.duration / HOUR:g} h, {share:.1%} of it booked ==")
        print(week_grid(opened, desk.free_time(resource.id, window), window, zone, step=HOUR))


def rival(desk: BookingDesk) -> None:
    """Try to take a time that is gone, and print why it is refused."""
    try:
        desk.book("brakes", dt.datetime.fromisoformat(RIVAL_START), customer_id="adam", resource_ids=["anna"])
    except RefusedError as refusal:
        print(f"refused ({refusal.code}):")
        for one in refusal.explanation.refusals:
            print(f"  {one.code}: {one}")
    else:
        sys.exit("the second process was let in")


if __name__ == "__main__":
    main()
