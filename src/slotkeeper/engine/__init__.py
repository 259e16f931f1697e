"""Pure functions over the domain: permitted starts, slots, load, conflicts, ranking."""
