"""`hallmark batch`: any period again, from its stored records."""
