"""Where spans come from: one protocol, one implementation a transport."""
