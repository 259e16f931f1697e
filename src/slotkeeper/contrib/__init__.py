"""What analysts and terminals need on top of the core; each module may need an extra, none is needed by it."""
