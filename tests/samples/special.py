"""Rows for the special functions; without SciPy, for `logsumexp` alone."""
import numpy as np

from lux_nb.rules.special import logsumexp
from rule_samples import above_one, positive, real, row, unit

try:
    import scipy.special as special
except ImportError:
    special = None


def probability(rng, shape):
    "Values between 0.1 and 0.9."
    return rng.uniform(0.1, 0.9, shape)


def at_order(n):
    "A call with a plain order before the operand."
    return lambda f, x: f(n, x)


ROWS = [
    row(logsumexp, (2, 3)),
    row(logsumexp, (2, 3, 2), axis=(0, -1), keepdims=True),
    row(logsumexp, (2, 3), (3,), domain=(real, positive), call=lambda f, a, b: f(a, 1, b)),
    row(np.logaddexp.reduce, (3, 2)),
    row(np.logaddexp.reduce, (3, 2, 4), axis=(0, 2), keepdims=True),
    row(np.logaddexp.reduce, (3, 2), axis=None),
]

if special:
    ROWS += [
        *[row(f, (2, 3)) for f in (special.expit, special.log_expit, special.exp10, special.cosm1, special.cbrt)],
        *[row(f, (2, 3)) for f in (special.exp2, special.expm1)],
        row(special.log1p, (2, 3), domain=positive),
        row(special.logit, (2, 3), domain=probability),

        *[row(f, (2, 3), complex=True)
          for f in (special.erf, special.erfc, special.erfi, special.erfcx, special.dawsn)],
        *[row(f, (2, 3)) for f in (special.log_ndtr, special.ndtr)],
        row(special.erfinv, (2, 3), domain=unit),
        *[row(f, (2, 3), domain=probability) for f in (special.erfcinv, special.ndtri)],

        *[row(f, (2, 3), domain=positive) for f in (special.gamma, special.gammaln, special.loggamma, special.digamma)],
        *[row(f, (2, 3), (3,), domain=positive) for f in (special.beta, special.betaln)],
        *[row(f, (2, 3), domain=positive, call=at_order(1.7)) for f in (special.gammainc, special.gammaincc)],
        row(special.betainc, (2, 3), domain=probability, call=lambda f, x: f(1.5, 2.5, x)),

        *[row(f, (2, 3), (3,), domain=positive)
          for f in (special.xlogy, special.xlog1py, special.rel_entr, special.kl_div)],
        row(special.entr, (2, 3), domain=positive),
        row(special.huber, (2, 3), (3,), domain=(positive, real)),
        row(special.pseudo_huber, (3,), (2, 3), domain=(above_one, real)),

        *[row(f, (2, 3), call=at_order(2)) for f in (special.jv, special.iv, special.ive)],
        *[row(f, (2, 3), domain=positive, call=at_order(1.5))
          for f in (special.jv, special.yv, special.kv, special.kve)],
        *[row(f, (2, 3)) for f in (special.j0, special.j1, special.i0, special.i1, special.i0e, special.i1e)],
        *[row(f, (2, 3), domain=positive) for f in (special.y0, special.y1, special.k0, special.k1, special.exp1)],
        row(special.expi, (2, 3)),
    ]
