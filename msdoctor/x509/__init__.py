"""Certificates judged as Go's crypto/x509 judges them, and beyond it: every problem at once."""
