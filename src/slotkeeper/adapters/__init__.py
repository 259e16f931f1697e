"""Adapters: stores that keep what the ports ask for. Each needs only what it is made of installed."""
