// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRealisedVolatilityOracle} from "../../interfaces/IRealisedVolatilityOracle.sol";
import {Svi, SviSlice} from "../../libraries/Svi.sol";
import {VolatilitySurface} from "../../oracles/VolatilitySurface.sol";

/// @title VolatilitySurface without one of its guards
/// @notice A test that names the guard passes on the surface and fails here.
contract VolatilitySurfaceMutant is VolatilitySurface {
    enum Guard {
        None,
        Shape, // any slice passes on its own
        Butterfly, // only Durrleman's condition is left out
        Calendar,
        Level, // no bounds and no fence at the money
        Hour,
        Day,
        Move, // one post may move a slice however far
        Interval, // the next post may come at once
        Mark, // a clamped post closes nothing
        Stale,
        Moneyness // the smile stays at its strikes: k is taken at a forward of 3,000
    }

    Guard private immutable _MISSING;

    constructor(
        address authority_,
        address market_,
        IRealisedVolatilityOracle realised_,
        uint256 heartbeat_,
        Guard missing
    ) VolatilitySurface(authority_, market_, realised_, heartbeat_) {
        _MISSING = missing;
    }

    function _violation(
        SviSlice slice,
        uint256 secondsToExpiry
    ) internal view override returns (Svi.Violation violation, int256 kQ96) {
        if (_MISSING == Guard.Shape) return (Svi.Violation.None, 0);
        (violation, kQ96) = super._violation(slice, secondsToExpiry);
        if (_MISSING == Guard.Butterfly && violation == Svi.Violation.Butterfly) return (Svi.Violation.None, 0);
    }

    function _calendarViolation(
        SviSlice near,
        uint256 nearSeconds,
        SviSlice far,
        uint256 farSeconds
    ) internal view override returns (Svi.Violation, int256) {
        if (_MISSING == Guard.Calendar) return (Svi.Violation.None, 0);
        return super._calendarViolation(near, nearSeconds, far, farSeconds);
    }

    function _requireLevel(uint256 expiry, uint256 atTheMoney, uint256 lowest, uint256 highest) internal view override {
        if (_MISSING != Guard.Level) super._requireLevel(expiry, atTheMoney, lowest, highest);
    }

    function _speedLimits(History memory history) internal view override returns (uint256 lowest, uint256 highest) {
        if (_MISSING == Guard.Hour) return history.day.limits(MAX_RATIO_DAY);
        if (_MISSING == Guard.Day) return history.hour.limits(MAX_RATIO_HOUR);
        return super._speedLimits(history);
    }

    function _move(SviSlice from, SviSlice to, uint256 secondsToExpiry) internal view override returns (uint256) {
        return _MISSING == Guard.Move ? 0 : super._move(from, to, secondsToExpiry);
    }

    function _earliest(History memory history) internal view override returns (uint256) {
        return _MISSING == Guard.Interval ? 0 : super._earliest(history);
    }

    function _isMarked(uint256 share) internal view override returns (bool) {
        return _MISSING != Guard.Mark && super._isMarked(share);
    }

    function _isStale(uint256 postedAt) internal view override returns (bool) {
        return _MISSING != Guard.Stale && super._isStale(postedAt);
    }

    function _logMoneyness(uint256 strike, uint256 forward) internal view override returns (int256) {
        return super._logMoneyness(strike, _MISSING == Guard.Moneyness ? 3_000e18 : forward);
    }
}
