// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IHedgeController} from "../../interfaces/IHedgeController.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {IOptionVault} from "../../interfaces/IOptionVault.sol";
import {IRiskEngine} from "../../interfaces/IRiskEngine.sol";
import {IVolatilitySurface} from "../../interfaces/IVolatilitySurface.sol";
import {SaleLimits} from "../../SaleLimits.sol";

/// @notice The limits of sales, without the one that is named.
contract SaleLimitsMutant is SaleLimits {
    enum Without {
        Nothing,
        Cover, // S3
        Renewal, // S4
        RoundDelta, // Q5
        Depth, // Q5
        Vega, // S4
        PullRounds, // Q5
        Solvency, // S2
        TrustedSpot // N5
    }

    Without public without;

    constructor(
        IOptionMarket market_,
        IOptionVault vault_,
        IHedgeController controller_,
        IRiskEngine riskEngine_,
        IVolatilitySurface surface_
    ) SaleLimits(market_, vault_, controller_, riskEngine_, surface_) {}

    function leaveOut(Without without_) external {
        without = without_;
    }

    function _isStale(Checkpoint memory c, uint256 spot) internal view override returns (bool) {
        if (without == Without.Renewal && c.time != 0) return false;
        return super._isStale(c, spot);
    }

    function _judgeCover(
        Checkpoint memory c,
        int256 idle_
    ) internal view override returns (IRiskEngine.Closure closure, bytes memory why) {
        if (without == Without.Cover) return (IRiskEngine.Closure.None, why);
        return super._judgeCover(c, idle_);
    }

    function _roundDelta(Checkpoint memory c, uint256 spot, int256 idle_) internal view override returns (uint256) {
        if (without == Without.RoundDelta) return type(uint256).max;
        return super._roundDelta(c, spot, idle_);
    }

    function _depthOf(Checkpoint memory c) internal view override returns (uint256) {
        if (without == Without.Depth) return type(uint256).max;
        return super._depthOf(c);
    }

    function _vegaOf(Checkpoint memory c, int256 idle_) internal view override returns (uint256) {
        return without == Without.Vega ? type(uint256).max : super._vegaOf(c, idle_);
    }

    function _pullRefill() internal view override returns (uint256) {
        return without == Without.PullRounds ? 1 : super._pullRefill();
    }

    function _requireSolvent(Checkpoint memory c) internal view override {
        if (without != Without.Solvency) super._requireSolvent(c);
        else if (c.closure == IRiskEngine.Closure.Insolvent) revert SalesClosed(c.closure);
    }

    function _keepTrustedSpot(Checkpoint memory c) internal view override {
        if (without != Without.TrustedSpot) super._keepTrustedSpot(c);
    }
}
