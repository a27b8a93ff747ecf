// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionMarket} from "../interfaces/IOptionMarket.sol";
import {ToldBoard} from "./ToldBoard.sol";

/// @notice A market that sells to the auctions whatever they ask for, remembers it, and can call somebody meanwhile.
contract ToldMarket is ToldBoard {
    struct Sale {
        uint256 id;
        uint256 size;
        uint256 factor;
        uint256 maxPremium;
        address buyer;
        address receiver;
    }

    /// @notice Quote-token units of one option at a factor of 1.
    uint256 public constant PRICE = 100e6;

    uint256 public sold;
    Sale public lastSale;
    /// @notice What the armed call came to.
    bool public succeeded;
    bytes public returned;

    address private _target;
    bytes private _call;

    /// @notice Makes this call during the next sale.
    function arm(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function buyAtFactor(
        uint256 id,
        uint256 size,
        uint256 factor,
        uint256 maxPremium,
        address buyer,
        address receiver
    ) external returns (uint256 premium) {
        lastSale = Sale(id, size, factor, maxPremium, buyer, receiver);
        sold += size;
        premium = (((PRICE * size) / 1e18) * factor) / 1e18;
        if (premium > maxPremium) revert IOptionMarket.PremiumAboveLimit(premium, maxPremium);
        if (_target == address(0)) return premium;
        address target = _target;
        _target = address(0);
        // Whatever the call is, its failure is an answer and not ours.
        // solhint-disable-next-line avoid-low-level-calls
        (succeeded, returned) = target.call(_call);
    }
}
