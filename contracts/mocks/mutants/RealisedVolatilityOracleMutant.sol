// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "../../interfaces/IAggregatorV3.sol";
import {RealisedVolatilityOracle} from "../../oracles/RealisedVolatilityOracle.sol";

/// @title RealisedVolatilityOracle without one of its guards
/// @notice A test that names the guard passes on the oracle and fails here.
contract RealisedVolatilityOracleMutant is RealisedVolatilityOracle {
    enum Guard {
        None,
        Over, // the hour need not be over
        Last, // any complete round before the hour will do
        EachHour, // every second hour is skipped
        LaterPhase // an older round of a later phase wins
    }

    Guard private immutable _MISSING;

    constructor(
        IAggregatorV3 feed_,
        uint256 firstHour,
        uint80 firstRound,
        Guard missing
    ) RealisedVolatilityOracle(feed_, firstHour, firstRound) {
        _MISSING = missing;
    }

    function _nextHour(uint256 hour) internal view override returns (uint256) {
        return super._nextHour(hour) + (_MISSING == Guard.EachHour ? 1 : 0);
    }

    function _requireOver(uint256 hour) internal view override {
        if (_MISSING != Guard.Over) super._requireOver(hour);
    }

    function _follows(Round memory round, Round memory other) internal view override returns (bool) {
        return _MISSING == Guard.LaterPhase || super._follows(round, other);
    }

    function _lastOfPhase(uint80 id, uint80 latest, uint256 hour) internal view override returns (Round memory) {
        // The hour is as late as the successor says, so that no successor is at or before it.
        if (_MISSING == Guard.Last && uint64(id) != 0) return super._lastOfPhase(id, id, hour);
        return super._lastOfPhase(id, latest, hour);
    }
}
