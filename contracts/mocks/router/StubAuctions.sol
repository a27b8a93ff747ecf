// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAuctions} from "../../interfaces/IAuctions.sol";
import {StubMarket} from "./StubMarket.sol";

/// @title Auctions at a factor of one: number n sells series n
contract StubAuctions {
    StubMarket public immutable market;

    constructor(StubMarket market_) {
        market = market_;
    }

    function fill(
        uint256 auctionId,
        uint256 size,
        uint256 maxPremium,
        uint256 deadline,
        address receiver
    ) external returns (uint256) {
        if (block.timestamp > deadline) revert IAuctions.DeadlinePassed(deadline, block.timestamp);
        return market.buyAtFactor(auctionId, size, 1e18, maxPremium, msg.sender, receiver);
    }
}
