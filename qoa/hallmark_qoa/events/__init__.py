"""Events: changes of verdicts, told to whoever wants to know."""
