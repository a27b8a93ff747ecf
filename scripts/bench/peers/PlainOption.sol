// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {sd} from "@prb/math/src/SD59x18.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {OptionMath} from "../../../contracts/libraries/OptionMath.sol";
import {IOptionBench} from "../../../contracts/mocks/bench/OptionBench.sol";

/// @notice The normal distribution in WAD, on somebody else's arithmetic.
abstract contract PlainNormal {
    int256 internal constant WAD = 1e18;
    int256 private constant SQRT_2PI = 2.506628274631000502e18;

    /// @dev Hart's algorithm as West gives it, the one most textbook code uses: 1e-15.
    function _cdf(int256 x) internal pure returns (int256 tail) {
        int256 size = x < 0 ? -x : x;
        if (size > 8e18) return x < 0 ? int256(0) : WAD;
        int256 p = 0.0352624965998911e18;
        p = _mul(p, size) + 0.700383064443688e18;
        p = _mul(p, size) + 6.37396220353165e18;
        p = _mul(p, size) + 33.912866078383e18;
        p = _mul(p, size) + 112.079291497871e18;
        p = _mul(p, size) + 221.213596169931e18;
        p = _mul(p, size) + 220.206867912376e18;
        int256 q = 0.0883883476483184e18;
        q = _mul(q, size) + 1.75566716318264e18;
        q = _mul(q, size) + 16.064177579207e18;
        q = _mul(q, size) + 86.7807322029461e18;
        q = _mul(q, size) + 296.564248779674e18;
        q = _mul(q, size) + 637.333633378831e18;
        q = _mul(q, size) + 793.826512519948e18;
        q = _mul(q, size) + 440.413735824752e18;
        tail = _div(_mul(_exp(-_mul(size, size) / 2), p), q);
        if (x > 0) tail = WAD - tail;
    }

    function _density(int256 x) internal pure returns (int256) {
        return _div(_exp(-_mul(x, x) / 2), SQRT_2PI);
    }

    function _mul(int256 x, int256 y) internal pure virtual returns (int256);
    function _div(int256 x, int256 y) internal pure virtual returns (int256);
    function _exp(int256 x) internal pure virtual returns (int256);
    function _ln(int256 x) internal pure virtual returns (int256);
    function _sqrt(int256 x) internal pure virtual returns (int256);
}

/// @notice The textbook formulas in WAD, on somebody else's exp, ln and sqrt. This is what one writes without
///         `OptionMath`: correct, and the measure of what that library saves.
abstract contract PlainOption is PlainNormal, IOptionBench {
    int256 private constant YEAR = 31_536_000;

    function run(
        uint256 spot,
        uint256 strike,
        uint256 volatility,
        uint256 secondsToExpiry,
        int256 carry,
        int256 discountRate,
        bool isCall
    ) external pure returns (OptionMath.Greeks memory g) {
        int256 time = (int256(secondsToExpiry) * WAD) / YEAR;
        int256 sqrtTime = _sqrt(time);
        int256 v = _mul(int256(volatility), sqrtTime);
        int256 forward = _mul(int256(spot), _exp(_mul(carry, time)));
        int256 discount = _exp(-_mul(discountRate, time));
        int256 d1 = _div(_ln(_div(forward, int256(strike))), v) + v / 2;
        int256 weight = _div(_mul(discount, forward), int256(spot));
        int256 density = _mul(weight, _density(d1));
        int256 sign = isCall ? int256(1) : -1;
        g.delta = sign * _mul(weight, _cdf(sign * d1));
        int256 cash = sign * _mul(_mul(int256(strike), discount), _cdf(sign * (d1 - v)));
        int256 price = _mul(int256(spot), g.delta) - cash;
        g.price = price > 0 ? uint256(price) : 0;
        g.gamma = uint256(_div(density, v));
        int256 vega = _mul(_mul(int256(spot), density), sqrtTime);
        g.vega = uint256(vega);
        g.theta =
            _mul(discountRate, price) -
            _mul(carry, _mul(int256(spot), g.delta)) -
            _div(_mul(vega, int256(volatility)), 2 * time);
    }
}

abstract contract SoladyMath is PlainNormal {
    function _mul(int256 x, int256 y) internal pure override returns (int256) {
        return FixedPointMathLib.sMulWad(x, y);
    }

    function _div(int256 x, int256 y) internal pure override returns (int256) {
        return FixedPointMathLib.sDivWad(x, y);
    }

    function _exp(int256 x) internal pure override returns (int256) {
        return FixedPointMathLib.expWad(x);
    }

    function _ln(int256 x) internal pure override returns (int256) {
        return FixedPointMathLib.lnWad(x);
    }

    function _sqrt(int256 x) internal pure override returns (int256) {
        return int256(FixedPointMathLib.sqrtWad(uint256(x)));
    }
}

abstract contract PrbMath is PlainNormal {
    function _mul(int256 x, int256 y) internal pure override returns (int256) {
        return sd(x).mul(sd(y)).unwrap();
    }

    function _div(int256 x, int256 y) internal pure override returns (int256) {
        return sd(x).div(sd(y)).unwrap();
    }

    function _exp(int256 x) internal pure override returns (int256) {
        return sd(x).exp().unwrap();
    }

    function _ln(int256 x) internal pure override returns (int256) {
        return sd(x).ln().unwrap();
    }

    function _sqrt(int256 x) internal pure override returns (int256) {
        return sd(x).sqrt().unwrap();
    }
}

contract SoladyOptionBench is SoladyMath, PlainOption {}

contract PrbMathOptionBench is PrbMath, PlainOption {}

/// @notice The distribution function alone, with the ABI of ours.
contract SoladyNormalCdfBench is SoladyMath {
    function run(int256 x) external pure returns (uint256) {
        return uint256(_cdf(x));
    }
}

/// @notice The distribution function alone, with the ABI of ours.
contract PrbMathNormalCdfBench is PrbMath {
    function run(int256 x) external pure returns (uint256) {
        return uint256(_cdf(x));
    }
}
