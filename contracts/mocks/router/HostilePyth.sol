// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EtherCaller} from "./EtherCaller.sol";

/// @title A pull feed that lets a thief act in the middle of an update
contract HostilePyth {
    EtherCaller public immutable thief;

    constructor(EtherCaller thief_) {
        thief = thief_;
    }

    function updatePriceFeeds(bytes[] calldata) external payable {
        thief.fire();
    }

    function getUpdateFee(bytes[] calldata updateData) external pure returns (uint256) {
        return updateData.length;
    }
}
