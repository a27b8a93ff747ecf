// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFundingOracle} from "../interfaces/IFundingOracle.sol";
import {ISpotOracle} from "../interfaces/ISpotOracle.sol";
import {IVolatilitySurface} from "../interfaces/IVolatilitySurface.sol";
import {SviSlice} from "../libraries/Svi.sol";

/// @notice Spot, surface and carry in one, as a test sets them.
contract ToldPrices {
    uint256 public price = 3_000e18;
    ISpotOracle.Fault public fault;
    uint256 public sigma = 0.65e18;
    int256 public carryRate;
    mapping(uint256 expiry => IVolatilitySurface.Status) private _statuses;

    function setSpot(uint256 price_, ISpotOracle.Fault fault_) external {
        (price, fault) = (price_, fault_);
    }

    function setCarry(int256 carry_) external {
        carryRate = carry_;
    }

    function setSlice(uint256 expiry, SviSlice slice, IVolatilitySurface.State state) external {
        _statuses[expiry].slice = slice;
        _statuses[expiry].state = state;
    }

    function read(uint256) external view returns (ISpotOracle.Spot memory) {
        return ISpotOracle.Spot(price, 0, block.timestamp, ISpotOracle.Source.Push, fault);
    }

    function carry(uint256) external view returns (int256, IFundingOracle.Clamp) {
        return (carryRate, IFundingOracle.Clamp.None);
    }

    function sliceOf(uint256 expiry) external view returns (SviSlice) {
        return _statuses[expiry].slice;
    }

    function statusOf(uint256 expiry) external view returns (IVolatilitySurface.Status memory) {
        return _statuses[expiry];
    }
}
