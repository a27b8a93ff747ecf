// SPDX-License-Identifier: MIT
pragma solidity ^0.8.31;

import {OptionMath} from "../../contracts/libraries/OptionMath.sol";
import {MathTest} from "./MathTest.sol";

/// @notice Fuzzed arguments of an option: one seed, spread over the whole domain.
abstract contract OptionSample is MathTest {
    struct Sample {
        uint256 spot;
        uint256 strike;
        uint256 volatility;
        uint256 secondsToExpiry;
        int256 carry;
        int256 discountRate;
        OptionMath.Expiry e;
    }

    /// @dev Spot 1e-6 ... 1e12, strike within a factor of 2^20 (half of them within e^4v), volatility .1 % ... 1000 %,
    ///      1 second ... 10 years, carry and rate +-100 %.
    function _sample(uint256 seed) internal pure returns (Sample memory s) {
        s.spot = _logBound(_mix(seed, 0), 40, 100);
        s.volatility = _bound(_mix(seed, 1), 1e15, OptionMath.MAX_VOLATILITY);
        s.secondsToExpiry = _min(_logBound(_mix(seed, 2), 0, 29), OptionMath.MAX_SECONDS);
        s.carry = _bound(int256(_mix(seed, 3)), -1e18, 1e18);
        s.discountRate = _mix(seed, 4) % 2 == 0 ? int256(0) : _bound(int256(_mix(seed, 4)), -1e18, 1e18);
        s.e = OptionMath.expiry(s.secondsToExpiry, s.carry, s.discountRate);
        uint256 width = _mix(seed, 5) % 2 == 0 ? 1 << 96 : 4 * OptionMath.deviation(s.e, s.volatility);
        s.strike = _strike(s.spot, width, _mix(seed, 6), 20);
    }

    /// @dev Strikes up to 2^60 from spot, 1 to 10 years, volatility 100 % ... 1000 %: the far corners.
    function _extremeSample(uint256 seed) internal pure returns (Sample memory s) {
        s = _withTime(_sample(seed), _bound(_mix(seed, 2), 365 days, OptionMath.MAX_SECONDS));
        s.volatility = _bound(_mix(seed, 7), 1e18, OptionMath.MAX_VOLATILITY);
        uint256 bits = _mix(seed, 8) % 60;
        s.spot = _logBound(_mix(seed, 0), 20, 127 - bits);
        s.strike = s.spot << bits;
        if (_mix(seed, 9) % 2 == 0) (s.spot, s.strike) = (s.strike, s.spot);
    }

    /// @dev Where differences are accurate: 1 day ... 1 year, volatility 20 % ... 200 %, strikes within four deviations.
    function _moderateSample(uint256 seed) internal pure returns (Sample memory s) {
        s.spot = _logBound(_mix(seed, 0), 60, 90);
        s.volatility = _bound(_mix(seed, 1), 0.2e18, 2e18);
        s.secondsToExpiry = _bound(_mix(seed, 2), 1 days, 365 days);
        s.carry = _bound(int256(_mix(seed, 3)), -0.5e18, 0.5e18);
        s.discountRate = _bound(int256(_mix(seed, 4)), -0.1e18, 0.1e18);
        s.e = OptionMath.expiry(s.secondsToExpiry, s.carry, s.discountRate);
        s.strike = _strike(s.spot, 4 * OptionMath.deviation(s.e, s.volatility), _mix(seed, 6), 6);
    }

    function _withTime(Sample memory s, uint256 secondsToExpiry) internal pure returns (Sample memory) {
        return
            Sample({
                spot: s.spot,
                strike: s.strike,
                volatility: s.volatility,
                secondsToExpiry: secondsToExpiry,
                carry: s.carry,
                discountRate: s.discountRate,
                e: OptionMath.expiry(secondsToExpiry, s.carry, s.discountRate)
            });
    }

    function _greeks(Sample memory s, bool isCall) internal pure returns (OptionMath.Greeks memory) {
        return OptionMath.greeks(s.e, s.spot, s.strike, s.volatility, isCall);
    }

    function _price(Sample memory s, bool isCall, OptionMath.Rounding rounding) internal pure returns (uint256) {
        return OptionMath.price(s.e, s.spot, s.strike, s.volatility, isCall, rounding);
    }

    /// @dev The error that the library promises: 2^-59 of (discounted forward + discounted strike), and two digits.
    function _error(Sample memory s) internal pure returns (uint256) {
        return ((s.spot * s.e.spotWeightQ96 + s.strike * s.e.discountQ96) >> (96 + 59)) + 2;
    }

    function _down(int256 xQ96) internal pure returns (int256) {
        return xQ96 >> 96;
    }

    /// @dev spot * (1 + width * u), or divided by it, u in [0, 1); at most `maxBits` doublings away.
    function _strike(uint256 spot, uint256 widthQ96, uint256 seed, uint256 maxBits) private pure returns (uint256) {
        uint256 factorQ96 = (1 << 96) + (((_min(widthQ96, 1 << (96 + maxBits)) >> 64) * (seed >> 192)) >> 32);
        uint256 strike = seed % 2 == 0 ? (spot * factorQ96) >> 96 : (spot << 96) / factorQ96;
        return strike == 0 ? 1 : strike;
    }

    function _mix(uint256 seed, uint256 salt) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
