"""Benchmarks: they print figures and assert none, since machines are noisy."""
