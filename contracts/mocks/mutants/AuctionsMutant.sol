// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Auctions} from "../../auction/Auctions.sol";
import {IOptionMarket} from "../../interfaces/IOptionMarket.sol";
import {IOptionPricer} from "../../interfaces/IOptionPricer.sol";

/// @title Auctions without one of its guards
/// @notice Shows that a test fails without the guard. Never deployed but by tests.
contract AuctionsMutant is Auctions {
    enum Guard {
        Terms,
        Window,
        Fill,
        Take,
        Rounding
    }

    Guard private immutable _MISSING;

    constructor(
        address authority,
        IOptionMarket market_,
        IOptionPricer pricer_,
        Guard missing
    ) Auctions(authority, market_, pricer_) {
        _MISSING = missing;
    }

    function _requireTerms(Schedule calldata s) internal view override {
        if (_MISSING != Guard.Terms) super._requireTerms(s);
    }

    function _requireOpen(uint256 auctionId, Terms memory terms) internal view override {
        if (_MISSING != Guard.Window) super._requireOpen(auctionId, terms);
    }

    function _requireFill(uint256 size, uint256 remaining) internal view override {
        if (_MISSING != Guard.Fill) super._requireFill(size, remaining);
    }

    function _take(uint256 auctionId, uint256 remaining, uint256 size) internal override returns (uint256) {
        return _MISSING == Guard.Take ? remaining - size : super._take(auctionId, remaining, size);
    }

    /// @dev Down instead of up.
    function _factorAt(Terms memory terms, uint256 time) internal view override returns (uint256) {
        uint256 up = super._factorAt(terms, time);
        if (_MISSING != Guard.Rounding || time <= terms.start || time >= terms.end) return up;
        uint256 drop = uint256(terms.firstFactor - terms.lastFactor) * (time - terms.start);
        return drop % (terms.end - terms.start) == 0 ? up : up - 1;
    }
}
