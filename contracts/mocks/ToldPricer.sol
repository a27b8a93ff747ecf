// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOptionPricer} from "../interfaces/IOptionPricer.sol";

/// @notice A pricer whose premium says what it was asked: id + size + factor.
contract ToldPricer {
    function quoteAtFactor(
        uint256 id,
        uint256 size,
        uint256 factor
    ) external pure returns (IOptionPricer.Quote memory q) {
        q.premium = id + size + factor;
    }
}
