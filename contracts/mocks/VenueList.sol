// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IVenueList} from "../interfaces/IFundingOracle.sol";
import {IPerpVenue} from "../interfaces/IPerpVenue.sol";

/// @notice A list of venues that a test can change.
contract VenueList is IVenueList {
    IPerpVenue[] private _venues;

    constructor(IPerpVenue[] memory venues_) {
        _venues = venues_;
    }

    function set(IPerpVenue[] calldata venues_) external {
        _venues = venues_;
    }

    function venues() external view returns (IPerpVenue[] memory) {
        return _venues;
    }
}
