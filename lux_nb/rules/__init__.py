"""The table of derivatives, filled: importing this package enters the rules of every NumPy function that has one."""
from . import elementwise
from . import reductions
from . import shapes
from . import indexing
from . import products
from . import linalg
from . import factorizations
from . import polynomials
from . import fft
from . import special
