"""What the agent can call. Each tool is a module: a pure function over its parts, and all that others must know of it.

Tools only read. They take the id of a call that the server bound, never a text, so nothing that is said in a call
or by a language model can put another text, number or id in its place. Every number a tool gives comes with the form
it may be worded in (``…_percent``, ``…_points``), rounded here, once.
"""
