"""The marketplace's own part: people, notifications and tallies, beside slotkeeper's tables."""
