// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPyth} from "@pythnetwork/pyth-sdk-solidity/IPyth.sol";
import {BallastRouter} from "../../BallastRouter.sol";
import {IAuctions} from "../../interfaces/IAuctions.sol";
import {IExpiryPriceOracle} from "../../interfaces/IExpiryPriceOracle.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {IOptionVault} from "../../interfaces/IOptionVault.sol";

/// @title BallastRouter without some of its guards
/// @notice See {SpotOracleMutant}. Here several can be missing at once: two of them cover each other.
contract BallastRouterMutant is BallastRouter {
    enum Guard {
        Lock,
        CountedRefund,
        Deadline,
        Receiver,
        MinShares,
        MinAssets,
        OurTokens,
        UsedPermit,
        Settled,
        Proved,
        Disallow
    }

    /// @dev Bit n = the guard of number n is missing.
    uint256 private immutable _MISSING;

    constructor(
        IOptionVault vault_,
        IOptionMarket market_,
        IAuctions auctions_,
        IExpiryPriceOracle expiryPrices_,
        IPyth pyth_,
        uint256 missing
    ) BallastRouter(vault_, market_, auctions_, expiryPrices_, pyth_) {
        _MISSING = missing;
    }

    function _enter() internal override {
        if (!_lacks(Guard.Lock)) super._enter();
    }

    function _requireInTime(uint256 deadline) internal view override {
        if (!_lacks(Guard.Deadline)) super._requireInTime(deadline);
    }

    function _requireReceiver(address receiver) internal view override {
        if (!_lacks(Guard.Receiver)) super._requireReceiver(receiver);
    }

    function _requireShares(uint256 shares, uint256 minimum) internal view override {
        if (!_lacks(Guard.MinShares)) super._requireShares(shares, minimum);
    }

    function _requireAssets(uint256 assets, uint256 minimum) internal view override {
        if (!_lacks(Guard.MinAssets)) super._requireAssets(assets, minimum);
    }

    function _isOurs(address token) internal view override returns (bool) {
        return _lacks(Guard.OurTokens) || super._isOurs(token);
    }

    function _isAllowed(address token, uint256 value) internal view override returns (bool) {
        return !_lacks(Guard.UsedPermit) && super._isAllowed(token, value);
    }

    function _isSettled(uint256 expiry) internal view override returns (bool) {
        return !_lacks(Guard.Settled) && super._isSettled(expiry);
    }

    function _isProved(uint256 expiry) internal view override returns (bool) {
        return !_lacks(Guard.Proved) && super._isProved(expiry);
    }

    function _disallow(address spender) internal override {
        if (!_lacks(Guard.Disallow)) super._disallow(spender);
    }

    function _restOf(uint256 value) internal view override returns (uint256) {
        return _lacks(Guard.CountedRefund) ? address(this).balance : super._restOf(value);
    }

    function _lacks(Guard guard) private view returns (bool) {
        return (_MISSING >> uint256(guard)) & 1 == 1;
    }
}
