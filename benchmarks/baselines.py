"""What a person writes by hand in NumPy: the same results, the derivatives worked out on paper.

Fresh arrays, `@`, `np.mean`, no buffers reused, no tricks. These functions are frozen: every later version of the
library is held to them, so they are not changed, neither to make them faster nor slower.
"""
import numpy as np


def training_step(weight, bias, x, y, rate):
    "One step of gradient descent on the mean squared error of a dense layer: the loss before it, the new parameters."
    residual = x @ weight.T + bias - y
    loss = np.mean(residual**2)
    g = 2 * residual / residual.size
    return loss, weight - rate * (g.T @ x), bias - rate * np.sum(g, axis=0)


def mlp_step(parameters, x, y, rate):
    "One step on the cross-entropy of a perceptron with three dense layers and relu; y holds one-hot rows."
    w1, b1, w2, b2, w3, b3 = parameters
    z1 = x @ w1.T + b1
    h1 = np.maximum(z1, 0)
    z2 = h1 @ w2.T + b2
    h2 = np.maximum(z2, 0)
    z3 = h2 @ w3.T + b3
    shifted = z3 - np.max(z3, axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = np.sum(powers, axis=1, keepdims=True)
    loss = -np.mean(np.sum(y * (shifted - np.log(total)), axis=1))
    g3 = (powers / total - y) / len(x)
    g2 = (g3 @ w3) * (z2 > 0)
    g1 = (g2 @ w2) * (z1 > 0)
    grads = (g1.T @ x, np.sum(g1, axis=0), g2.T @ h1, np.sum(g2, axis=0), g3.T @ h2, np.sum(g3, axis=0))
    return loss, *[p - rate * g for p, g in zip(parameters, grads)]


def rosenbrock(x):
    "The value and the gradient of Rosenbrock's function."
    inner, rest = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * inner - 2 * rest
    g[1:] += 200 * inner
    return np.sum(100 * inner**2 + rest**2), g


def rosenbrock_hvp(x, v):
    "The product of the Hessian of Rosenbrock's function and a vector."
    inner, change = x[1:] - x[:-1] ** 2, v[1:] - 2 * x[:-1] * v[:-1]
    product = np.zeros_like(x)
    product[:-1] = 2 * v[:-1] - 400 * (v[:-1] * inner + x[:-1] * change)
    product[1:] += 200 * change
    return product


def recurrent(w, u, b, xs, y):
    "The mean squared error of the last state of a recurrent net, and its gradients: back-propagation through time."
    states = [np.zeros_like(y)]
    for x in xs:
        states.append(np.tanh(states[-1] @ w + x @ u + b))
    residual = states[-1] - y
    g = 2 * residual / residual.size
    dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    for t in reversed(range(len(xs))):
        g = g * (1 - states[t + 1] ** 2)
        dw += states[t].T @ g
        du += xs[t].T @ g
        db += np.sum(g, axis=0)
        g = g @ w.T
    return np.mean(residual**2), dw, du, db


def scalar_chain(x, turns):
    "The value and the derivative of x -> sin(x) * 1.1 + 0.1, `turns` times in a row."
    before = []
    for _ in range(turns):
        before.append(x)
        x = np.sin(x) * 1.1 + 0.1
    g = 1.0
    for y in reversed(before):
        g = g * 1.1 * np.cos(y)
    return x, g


def small_chain(x, a, b, turns):
    "The sum of x -> tanh(x * a + b), `turns` times in a row, and its gradient."
    after = []
    for _ in range(turns):
        x = np.tanh(x * a + b)
        after.append(x)
    g = np.ones_like(x)
    for y in reversed(after):
        g = g * (1 - y * y) * a
    return np.sum(x), g


def eight_elementwise(x):
    "The sum of eight elementwise functions in a row, and its gradient."
    y1 = np.sin(x)
    y2 = np.exp(y1)
    y3 = np.tanh(y2)
    y4 = np.sqrt(y3)
    y5 = y4 * 2
    y6 = y5 + 1
    y7 = np.log(y6)
    y8 = np.square(y7)
    g = 2 * y7
    g = g / y6
    g = g * 2
    g = g / (2 * y4)
    g = g * (1 - y3 * y3)
    g = g * y2
    g = g * np.cos(x)
    return np.sum(y8), g


def ten_elementwise(x, t):
    "Ten elementwise functions in a row, and the tangent beside the value."
    y, t = np.sin(x), t * np.cos(x)
    y = np.exp(y)
    t = t * y
    y = np.tanh(y)
    t = t * (1 - y * y)
    y = np.sqrt(y)
    t = t / (2 * y)
    y, t = y * 2, t * 2
    y = y + 1
    y, t = np.log(y), t / y
    y, t = np.square(y), t * (2 * y)
    y, t = np.cos(y), t * -np.sin(y)
    y = np.exp(y)
    return y, t * y


def forward_gradient(x, a, b):
    "The mean of (tanh(a x) - b)^2 and its gradient, by one tangent for each number of x."
    tangents = np.eye(len(x))
    y, t = a @ x, tangents @ a.T
    y = np.tanh(y)
    t = t * (1 - y * y)
    y = y - b
    t = t * (2 * y)
    return np.mean(y**2), np.mean(t, axis=1)
