"""Programs: computations recorded once, improved, and run again as straight-line NumPy."""
from .running import Compiled, Cost, Program, compiled
