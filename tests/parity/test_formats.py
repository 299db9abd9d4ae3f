# SPDX-License-Identifier: MIT
"""The precision room's small formats against ml_dtypes, bit by bit. format_tool, beside the other
programs, is the C++ side."""
import os
import pathlib
import subprocess

import ml_dtypes
import numpy
import pytest

tool = pathlib.Path(os.environ.get("MOE_PARITY_PROGRAMS", "."), "format_tool")
theirs = {"e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2,
          "ue8m0": ml_dtypes.float8_e8m0fnu, "bf16": ml_dtypes.bfloat16}
width = {"e4m3": numpy.uint8, "e5m2": numpy.uint8, "ue8m0": numpy.uint8, "bf16": numpy.uint16,
         "e5m6": numpy.uint16}
largest = {"e4m3": 448, "e5m2": 57344, "e5m6": 65024, "ue8m0": 2.0 ** 127, "bf16": numpy.inf}


def run(what, name, data):
    done = subprocess.run([tool, what, name], input=data.tobytes(), capture_output=True,
                          timeout=120)
    assert done.returncode == 0, done.stderr
    return numpy.frombuffer(done.stdout, numpy.float32 if what == "decode" else width[name])


def decoded(name, codes):
    """What codes mean, by the peer; e5m6 by half precision, whose first twelve bits it is."""
    if name == "e5m6":
        return (codes << 4).astype(numpy.uint16).view(numpy.float16).astype(numpy.float32)
    return codes.astype(width[name]).view(theirs[name]).astype(numpy.float32)


def all_codes(name):
    return numpy.arange({"e5m6": 4096, "bf16": 65536}.get(name, 256)).astype(width[name])


def floats(name):
    """Every bfloat16, the numbers of the format, the middles between them and their neighbours,
    random bits, and random numbers of many sizes."""
    chance = numpy.random.default_rng(1)
    known = decoded(name, all_codes(name))
    known = numpy.unique(known[numpy.isfinite(known)]).astype(float)
    edges = numpy.concatenate([known, (known[1:] + known[:-1]) / 2])
    edges = edges.astype(numpy.float32)
    near = [numpy.nextafter(edges, numpy.float32(to)) for to in (-numpy.inf, numpy.inf)]
    bits = chance.integers(0, 2 ** 32, size=1 << 20, dtype=numpy.uint32).view(numpy.float32)
    sizes = numpy.exp(3 * chance.standard_normal(1 << 20)) * chance.standard_normal(1 << 20)
    last = numpy.float32([464, 464.00003, 61440, 61440.004, 65280, 65280.004, 65536, 3.4e38])
    return numpy.concatenate([decoded("bf16", all_codes("bf16")), edges, *near, bits,
                              sizes.astype(numpy.float32), last, -last])


def agree(name, ours, expected):
    """Same bits; of NaN only that it is one, and its sign where there is one."""
    nan = numpy.isnan(decoded(name, expected))
    assert (numpy.isnan(decoded(name, ours)) == nan).all()
    assert (ours[~nan] == expected[~nan]).all()
    if name != "ue8m0":
        shift = {"e5m6": 11, "bf16": 15}.get(name, 7)
        assert (ours[nan] >> shift == expected[nan] >> shift).all()


def nearest_e5m6(values):
    """The nearest of its codes, the even one of two; one more step stands for infinity."""
    codes = numpy.arange(0x7C1)
    known = decoded("e5m6", codes).astype(float)
    known[0x7C0] = 65536
    with numpy.errstate(invalid="ignore"):
        size = numpy.abs(values.astype(float))
    above = numpy.clip(numpy.searchsorted(known, size), 1, 0x7C0)
    low, high = size - known[above - 1], known[above] - size
    up = (high < low) | ((high == low) & (above % 2 == 0))
    code = numpy.where(up, above, above - 1)
    code = numpy.where(numpy.isnan(values), 0x7E0, code)
    return (code | numpy.signbit(values).astype(int) << 11).astype(numpy.uint16)


@pytest.mark.parametrize("name", width)
def test_every_code_means_the_same(name):
    codes = all_codes(name)
    ours, expected = run("decode", name, codes), decoded(name, codes)
    nan = numpy.isnan(expected)
    assert (numpy.isnan(ours) == nan).all()
    assert (ours[~nan].view(numpy.uint32) == expected[~nan].view(numpy.uint32)).all()


def converted(name, values):
    if name == "e5m6":
        return nearest_e5m6(values)
    with numpy.errstate(all="ignore"):
        codes = values.astype(theirs[name]).view(width[name])
    if name == "ue8m0":
        # The peer takes these subnormal numbers to 2^-126, although 2^-127 is nearer.
        nearer = (values > 2.0 ** -127) & (values < 1.5 * 2.0 ** -127)
        assert (codes[nearer] == 1).all()
        codes = numpy.where(nearer, 0, codes).astype(numpy.uint8)
    return codes


@pytest.mark.parametrize("name", width)
def test_every_float_becomes_the_same_code(name):
    values = floats(name)
    agree(name, run("overflowing", name, values), converted(name, values))


@pytest.mark.parametrize("name", width)
def test_saturation_changes_what_is_finite_and_too_large_and_nothing_else(name):
    values = floats(name)
    limit = numpy.float32(largest[name])
    inside = numpy.where(numpy.isfinite(values), numpy.clip(values, -limit, limit), values)
    expected = converted(name, inside)
    if name == "ue8m0":  # has no zero: the smallest stands for it
        expected = numpy.where(values == 0, 0, expected).astype(numpy.uint8)
    agree(name, run("encode", name, values), expected)


def test_scales_round_up():
    values = floats("ue8m0")
    values = values[numpy.isfinite(values) & (values > 0)]
    ours = run("up", "ue8m0", values)
    fraction, exponent = numpy.frexp(values.astype(float))
    expected = numpy.clip(numpy.where(fraction == 0.5, exponent - 1, exponent) + 127, 0, 254)
    assert (ours == expected).all()
