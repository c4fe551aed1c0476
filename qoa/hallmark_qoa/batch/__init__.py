"""Windows of a period made anew from its records: the same functions as the engine, another contract or reference."""
