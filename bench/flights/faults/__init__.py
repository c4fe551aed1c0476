"""Faults put into running services, and who finds them: contracts of Hallmark and two simple rules."""
