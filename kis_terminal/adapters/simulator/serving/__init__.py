"""Both hosts on the wire: REST, sockets, keys and tokens, limits, and what the hosts share."""
