"""Documents parsed into typed, frozen facts. Pure: no clock, no network, no files, no environment."""
