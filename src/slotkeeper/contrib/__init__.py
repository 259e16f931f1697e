"""What analysts and terminals need on top of the core; it may need extras, the core never needs it."""
