"""Starts servers, speaks the wire and finds files for every test runner and benchmark."""
