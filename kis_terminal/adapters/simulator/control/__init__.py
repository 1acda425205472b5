"""What looks into the exchange and disturbs it: control calls, faults, load, the log of the wire."""
