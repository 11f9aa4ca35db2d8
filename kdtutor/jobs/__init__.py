"""What a run is asked to do (`job`), and what that comes down to (`setup`): method, spots, data and nets put together.

A `Job` is a run in words, as a command or a panel asks for it, and free of torch; `prepare` makes a `Setup` of it.
"""
