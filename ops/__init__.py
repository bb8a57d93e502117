"""Runs Plaza's processes on one machine; knows nothing of what they say."""
