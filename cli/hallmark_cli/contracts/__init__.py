"""`hallmark contracts`: check contracts, and import those of others."""
