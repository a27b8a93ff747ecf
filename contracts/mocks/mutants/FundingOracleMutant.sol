// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVenueList} from "../../interfaces/IFundingOracle.sol";
import {IPerpVenue} from "../../interfaces/IPerpVenue.sol";
import {ISpotOracle} from "../../interfaces/ISpotOracle.sol";
import {FundingOracle} from "../../oracles/FundingOracle.sol";

/// @title FundingOracle without one of its guards
/// @notice A test that names the guard passes on the oracle and fails here.
contract FundingOracleMutant is FundingOracle {
    enum Guard {
        Cumulative, // the rate of the moment is the sample
        Interval,
        Weight,
        Clip,
        Clamp,
        HedgeWeights,
        Gas
    }

    Guard private immutable _MISSING;

    constructor(IVenueList venueList_, ISpotOracle spotOracle_, Guard missing) FundingOracle(venueList_, spotOracle_) {
        _MISSING = missing;
    }

    function _minInterval() internal view override returns (uint256) {
        return _MISSING == Guard.Interval ? 1 : super._minInterval();
    }

    function _weightOf(uint256 elapsed) internal view override returns (uint256) {
        return _MISSING == Guard.Weight ? elapsed : super._weightOf(elapsed);
    }

    function _rateOf(
        IPerpVenue venue,
        int256 paidPerUnit,
        uint256 elapsed,
        uint256 price
    ) internal view override returns (int256) {
        if (_MISSING == Guard.Cumulative) return _clip(venue.state().fundingRate);
        return super._rateOf(venue, paidPerUnit, elapsed, price);
    }

    function _clip(int256 rate) internal view override returns (int256) {
        return _MISSING == Guard.Clip ? rate : super._clip(rate);
    }

    function _clampCarry(int256 b) internal view override returns (int256, Clamp) {
        return _MISSING == Guard.Clamp ? (b, Clamp.None) : super._clampCarry(b);
    }

    function _hedgeAt(IPerpVenue venue) internal view override returns (uint256) {
        return _MISSING == Guard.HedgeWeights ? 1 : super._hedgeAt(venue);
    }

    function _requireGas(uint256 reads) internal view override {
        if (_MISSING != Guard.Gas) super._requireGas(reads);
    }
}
