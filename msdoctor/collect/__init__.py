"""The only impure part: everything that reads a cluster, a host, a saved bundle or the clock."""
