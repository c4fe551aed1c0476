"""Where records are kept: one protocol, one implementation a kind of database."""
