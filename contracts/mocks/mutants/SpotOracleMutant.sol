// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Round} from "../../libraries/FeedReader.sol";
import {SpotOracle} from "../../oracles/SpotOracle.sol";

/// @title SpotOracle without one of its guards
/// @notice Shows that a test fails without the guard, and what the attack then earns. Never deployed but by tests.
contract SpotOracleMutant is SpotOracle {
    enum Guard {
        Doubt, // P1
        NewerThanPush, // P2
        PullAge,
        Decimals, // P3, as all that follow
        Incomplete,
        NotPositive,
        Future,
        Stale,
        Band,
        Apart,
        Sequencer,
        Peg
    }

    Guard private immutable _MISSING;

    constructor(Config memory config, Guard missing) SpotOracle(config) {
        _MISSING = missing;
    }

    function _doubt(
        uint256 sigma,
        uint256 age,
        uint256 latency,
        uint256 cap,
        uint256 confidence
    ) internal view override returns (uint256) {
        return _MISSING == Guard.Doubt ? 0 : super._doubt(sigma, age, latency, cap, confidence);
    }

    function _isNewer(uint256 publishTime, uint256 pushUpdatedAt) internal view override returns (bool) {
        return _MISSING == Guard.NewerThanPush || super._isNewer(publishTime, pushUpdatedAt);
    }

    function _isFresh(uint256 publishTime) internal view override returns (bool) {
        return _MISSING == Guard.PullAge || super._isFresh(publishTime);
    }

    function _decimalsChanged(uint256 decimals, uint256 expected) internal view override returns (bool) {
        return _MISSING != Guard.Decimals && super._decimalsChanged(decimals, expected);
    }

    function _isIncomplete(Round memory round) internal view override returns (bool) {
        return _MISSING != Guard.Incomplete && super._isIncomplete(round);
    }

    function _isNotPositive(int256 answer) internal view override returns (bool) {
        return _MISSING != Guard.NotPositive && super._isNotPositive(answer);
    }

    function _isFuture(uint256 updatedAt) internal view override returns (bool) {
        return _MISSING != Guard.Future && super._isFuture(updatedAt);
    }

    function _isStale(uint256 updatedAt, uint256 oldest) internal view override returns (bool) {
        return _MISSING != Guard.Stale && super._isStale(updatedAt, oldest);
    }

    function _inspectBand(uint256 price) internal view override returns (Fault fault, bytes memory why) {
        if (_MISSING != Guard.Band) return super._inspectBand(price);
    }

    function _inspectApart(
        uint256 pushPrice,
        uint256 pullPrice
    ) internal view override returns (Fault fault, bytes memory why) {
        if (_MISSING != Guard.Apart) return super._inspectApart(pushPrice, pullPrice);
    }

    function _inspectSequencer() internal view override returns (Fault fault, bytes memory why) {
        if (_MISSING != Guard.Sequencer) return super._inspectSequencer();
    }

    function _inspectQuote() internal view override returns (Fault fault, bytes memory why) {
        if (_MISSING != Guard.Peg) return super._inspectQuote();
    }
}
