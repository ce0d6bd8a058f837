"""The only logarithm of the product: fixed point, 2^-48 fine, on Python's integers, equal everywhere."""

FRACTION_BITS = 48
"""Fixed-point logarithms carry this many binary digits after the point."""

LN2 = 195103586505167
"""ln 2 × 2^48, rounded to nearest."""


def log2_fixed(value: int) -> int:
    """log2(value) × 2^48, rounded down (error below 2^-46); ValueError unless value ≥ 1.

    The bits of the fraction come one by one from squaring a mantissa in [1, 2) kept to 2^-96.
    """
    if value < 1:
        raise ValueError(f"a logarithm needs a value of at least 1, got {value}")
    precision = 2 * FRACTION_BITS
    whole = value.bit_length() - 1
    mantissa = value << precision >> whole
    fraction = 0
    for _ in range(FRACTION_BITS):
        mantissa = mantissa * mantissa >> precision
        bit = mantissa >> (precision + 1)
        mantissa >>= bit
        fraction = fraction << 1 | bit
    return whole << FRACTION_BITS | fraction


def ln_fixed(value: int) -> int:
    """ln(value) × 2^48 (absolute error below 2^-40 for values under 2^200); ValueError below 1."""
    return log2_fixed(value) * LN2 >> FRACTION_BITS
