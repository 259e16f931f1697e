"""Values: what bookings are about. Nothing here does I/O or reads a clock."""
