// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AutoLister} from "../../AutoLister.sol";
import {IFundingOracle} from "../../interfaces/IFundingOracle.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {ISpotOracle} from "../../interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "../../interfaces/IVolatilitySurface.sol";

/// @title AutoLister without one of its guards
/// @notice Shows that a test fails without the guard, and what a griefer then does. Never deployed but by tests.
contract AutoListerMutant is AutoLister {
    enum Guard {
        Interval,
        Price,
        Surface,
        Step,
        Delta,
        Refusal
    }

    Guard private immutable _MISSING;

    constructor(
        IOptionMarket market_,
        IVolatilitySurface surface_,
        ISpotOracle oracle_,
        IFundingOracle funding_,
        Config memory config,
        Guard missing
    ) AutoLister(market_, surface_, oracle_, funding_, config) {
        _MISSING = missing;
    }

    function _isTooSoon(uint256 expiry) internal view override returns (bool) {
        return _MISSING != Guard.Interval && super._isTooSoon(expiry);
    }

    function _isTrusted(ISpotOracle.Spot memory spot) internal view override returns (bool) {
        return _MISSING == Guard.Price || super._isTrusted(spot);
    }

    function _isPosted(uint256 expiry) internal view override returns (bool) {
        return _MISSING == Guard.Surface || super._isPosted(expiry);
    }

    /// @dev Any strike that is not listed already.
    function _step(Board memory b) internal view override returns (uint256) {
        return _MISSING == Guard.Step ? 1 : super._step(b);
    }

    function _isSellable(Board memory b, uint256 strike, bool isCall) internal view override returns (bool) {
        return _MISSING == Guard.Delta || super._isSellable(b, strike, isCall);
    }

    function _limitOf(bytes memory refusal) internal view override returns (Waiting) {
        return _MISSING == Guard.Refusal ? Waiting.Day : super._limitOf(refusal);
    }
}
